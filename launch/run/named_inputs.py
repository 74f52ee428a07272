"""Inputs that differ from one module of a flag to the next, as users name them: `--input=NAME=VALUE`."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from tvnet_keras.choices import check_choice
from tvnet_keras.errors import InputError


def parse_inputs(function: Callable[..., Any], given: Sequence[str], chosen: str) -> dict[str, str]:
    """The inputs of a function by name: its keyword-only arguments, of which those without a default must be given.

    Args:
        function: what takes the inputs, all of them strings.
        given: the inputs, each as NAME=VALUE.
        chosen: the flag that chose the function, with its value, for the sentences.

    Raises:
        InputError: an input has another form or name, is given twice, or is missing.

    Example:
        >>> def draw(*, video: str, frame: str = "20") -> None: ...
        >>> parse_inputs(draw, ["video=film.mp4"], "--figure=mine")
        {'video': 'film.mp4'}
    """
    parameters = inspect.signature(function).parameters.values()
    known = {parameter.name: parameter for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY}
    inputs: dict[str, str] = {}
    for word in given:
        if not known:
            raise InputError(f"--input={word} is not for {chosen}; leave it out.")
        name, separator, value = word.partition("=")
        if not separator or not value or name in inputs:
            raise InputError(f"--input={word} must be NAME=VALUE, each NAME once.")
        inputs[check_choice("The name in --input", name, tuple(known))] = value
    missing = [name for name, value in known.items() if value.default is value.empty and name not in inputs]
    if missing:
        raise InputError(f"--input={missing[0]}=... is required for {chosen}.")
    return inputs
