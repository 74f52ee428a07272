"""Options: fields of dataclasses that say, in one place, what they mean and which values they take.

`option` makes such a field, `check_options` refuses values that a field does not take, and whoever shows the options of
a dataclass reads them with `options_of`.
"""

import dataclasses
import inspect
import math
import numbers
import textwrap
import typing
from collections.abc import Callable, Sequence
from types import ModuleType, NoneType
from typing import Any, TypeVar

import numpy as np

from tvnet_keras.choices import check_choice, module_names
from tvnet_keras.errors import InputError

Choices = Sequence[str | int] | ModuleType | Callable[[], Sequence[str | int]]

Owner = TypeVar("Owner")

KEY = "option"
"""Under which the metadata of a field has its `Option`."""

KINDS = {int: numbers.Real, float: numbers.Real, str: str, bool: bool}
NAMES_OF_KINDS = {int: "a whole number", float: "a number", str: "a word", bool: "True or False"}


@dataclasses.dataclass(frozen=True)
class Option:
    """What a field means and which values it takes; of a field that holds several values, each of them.

    Attributes:
        meaning: one or more sentences for the user.
        choices: the allowed values; or a package, whose modules are the allowed words; or a function that returns them,
            which is called when they are asked for. Empty for any.
        least: smallest value.
        most: largest value.
        above: the value is larger than this.
        below: the value is smaller than this.
        fewest: smallest number of values of a field that holds several.
    """

    meaning: str
    choices: Choices = ()
    least: float | None = None
    most: float | None = None
    above: float | None = None
    below: float | None = None
    fewest: int = 0

    @property
    def allowed(self) -> tuple[str | int, ...]:
        """The allowed values; empty where there is no list of them."""
        if isinstance(self.choices, ModuleType):
            return module_names(self.choices)
        return tuple(self.choices() if callable(self.choices) else self.choices)

    @property
    def bounds(self) -> str:
        """The range of a number in words, such as `at least 1 and at most 20`; empty without one."""
        said = {"at least": self.least, "above": self.above, "at most": self.most, "below": self.below}
        return " and ".join(f"{words} {bound}" for words, bound in said.items() if bound is not None)

    def check(self, name: str, value: Any) -> None:
        """Refuses a single value that is out of range or not among the allowed ones.

        Args:
            name: of the field, as the sentence begins with it.
            value: of the right type.

        Raises:
            InputError: the value is refused.
        """
        allowed = self.allowed
        if isinstance(value, str) and allowed and value not in allowed:
            check_choice(name, value, [str(word) for word in allowed if word])
        elif allowed and value not in allowed:
            *others, last = map(str, allowed)
            raise InputError(f"{name} must be {', '.join(others)} or {last}, but is {value}.")
        # Each is written so that it refuses NaN, too.
        for bound, words, holds in (
            (self.least, "at least", lambda bound: value >= bound),
            (self.above, "above", lambda bound: value > bound),
            (self.most, "at most", lambda bound: value <= bound or value == math.inf),
            (self.below, "below", lambda bound: value < bound),
        ):
            if bound is not None and not holds(bound):
                raise InputError(f"{name} must be {words} {bound}, but is {value}.")
        if isinstance(value, float) and not math.isfinite(value):
            raise InputError(f"{name} must be finite, but is {value}.")


def option(
    default: Any,
    meaning: str,
    *,
    choices: Choices = (),
    least: float | None = None,
    most: float | None = None,
    above: float | None = None,
    below: float | None = None,
    fewest: int = 0,
) -> Any:
    """A field of a dataclass that is an option.

    Args:
        default: its value where none is given; `dataclasses.MISSING` for a field that must be given.
        meaning: see `Option`, like the others.
        choices: allowed values.
        least: smallest value.
        most: largest value.
        above: the value is larger than this.
        below: the value is smaller than this.
        fewest: smallest number of values of a field that holds several.

    Example:
        >>> @dataclasses.dataclass
        ... class Options:
        ...     flow: str = option("dis", "The solver.", choices=("dis", "tvl1"))
        ...     warps: int = option(1, "Warps of a level.", least=1)
        >>> check_options(Options(warps=0))
        Traceback (most recent call last):
        tvnet_keras.errors.InputError: warps must be at least 1, but is 0.
    """
    described = Option(meaning, choices, least, most, above, below, fewest)
    return dataclasses.field(default=default, metadata={KEY: described})


def same_option(owner: type, name: str, **changed: Any) -> Any:
    """A field that is the same option as a field of another dataclass: meaning, allowed values and default.

    Args:
        owner: the dataclass that describes the option.
        name: of its field.
        **changed: `default`, where it is another one.
    """
    field = owner.__dataclass_fields__[name]
    return dataclasses.field(default=changed.get("default", field.default), metadata=field.metadata)


def options_of(owner: Any) -> dict[str, Option]:
    """The options of a dataclass or of an instance by their names; fields that are no options are left out."""
    return {field.name: field.metadata[KEY] for field in dataclasses.fields(owner) if KEY in field.metadata}


def explained(owner: type[Owner]) -> type[Owner]:
    """Adds what the options of a dataclass mean to its docstring, so that `help` says it; a decorator.

    Args:
        owner: the dataclass.

    Returns:
        The same dataclass.
    """
    meanings = (textwrap.wrap(f"{name}: {option.meaning}", 110) for name, option in options_of(owner).items())
    lines = ["", "", "Options:", *(" " * 4 + "\n        ".join(lines) for lines in meanings)]
    owner.__doc__ = inspect.cleandoc(owner.__doc__ or "") + "\n".join(lines)
    return owner


def check_options(instance: Any, prefix: str = "") -> None:
    """Refuses a dataclass with an option of the wrong type, out of range or not among its allowed values.

    Args:
        instance: of a dataclass.
        prefix: stands before the name of the field in the sentence; for a launcher, the beginning of the flag.

    Raises:
        InputError: a value is refused; the sentence begins with the name of the field.
    """
    kinds = typing.get_type_hints(type(instance))
    for name, described in options_of(instance).items():
        value, kind = getattr(instance, name), kinds[name]
        if value is None and NoneType in typing.get_args(kind):
            continue
        several = typing.get_origin(kind) is tuple
        if several and not isinstance(value, tuple | list | np.ndarray):
            raise InputError(f"{prefix}{name} must be a tuple, but is {value!r}.")
        values = typing.cast(Sequence[Any], value) if several else (value,)
        if len(values) < described.fewest:
            raise InputError(f"{prefix}{name} must hold {described.fewest} or more values, but is {value!r}.")
        for item in values:
            _check_kind(prefix + name, item, _single(kind))
            described.check(prefix + name, item)


def kind_of(owner: Any, name: str) -> tuple[type, bool]:
    """The type of the values of a field, and whether it holds several of them.

    Args:
        owner: a dataclass or an instance of it.
        name: of the field.
    """
    kind = typing.get_type_hints(owner if isinstance(owner, type) else type(owner))[name]
    return _single(kind), typing.get_origin(kind) is tuple


def _single(kind: Any) -> type:
    """`int` of `int`, `int | None` and `tuple[int, ...]`."""
    parts = [part for part in typing.get_args(kind) if part not in (NoneType, Ellipsis)]
    return parts[0] if parts else kind


def _check_kind(name: str, value: Any, kind: type) -> None:
    # True is a number to Python, and 2.0 a whole one.
    right = isinstance(value, KINDS[kind]) and (kind is bool or not isinstance(value, bool))
    if not right or (kind is int and value % 1 != 0):
        raise InputError(f"{name} must be {NAMES_OF_KINDS[kind]}, but is {value!r}.")
