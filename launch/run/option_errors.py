"""Errors of the library, which names its arguments, as sentences that name flags."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

from tvnet_keras.errors import InputError

if TYPE_CHECKING:
    from launch.run.config import Config

CLIP_ARGUMENTS = ("frames", "height", "width")
"""Fields of `--config.data` with which methods are built, beside their options."""


def option_error(error: ValueError, config: Config) -> InputError:
    """The error of a method that refuses its options, as a sentence that names the flags to change.

    Args:
        error: the error of the library, which names arguments: `depth=19 is none of 18, 34`, `place is 'blok3', which
            ...`.
        config: the configuration that the method was built from.
    """
    flags = {name: f"--config.data.{name}" for name in CLIP_ARGUMENTS}
    flags |= {field.name: f"--config.model.{field.name}" for field in dataclasses.fields(config.model)}
    names = "|".join(map(re.escape, flags))
    # A word is an argument where it is said to be or to have to be something; elsewhere it is only a word.
    argument = re.compile(rf"(?<![\w.-])({names})(?==| is | must )")
    sentence, found = argument.subn(lambda match: flags[match[1]], str(error))
    return InputError(sentence if found else f"--config.model does not describe a network: {sentence}")
