"""Checks of arguments and of clips that several layers share. Their messages say what was received."""

import numbers
from collections.abc import Iterable
from typing import cast

import numpy as np

from tvnet_keras.typing import Shape

LARGEST_GRID = 2**28
"""The largest number of vectors of an initial flow, 2 GiB. No frame has as many, so that more is a mistake."""


def positive_int(name: str, value: int) -> int:
    """Returns `value` if it is a whole number of at least 1.

    Args:
        name: the argument's name, for the message.
        value: the number received.

    Raises:
        ValueError: the value is no whole number of at least 1.
    """
    if not _counts(value):
        raise ValueError(f"{name} must be a whole number of at least 1. Received: {name}={value!r}")
    return int(value)


def positive_pair(name: str, pair: tuple[int, int]) -> tuple[int, int]:
    """Returns `pair` if it is two whole numbers of at least 1.

    Args:
        name: the argument's name, for the message.
        pair: the tuple, list or array received.

    Raises:
        ValueError: the pair is not two whole numbers of at least 1.
    """
    values = pair.tolist() if isinstance(pair, np.ndarray) else pair
    # Texts, sets and dictionaries of two have a length, too.
    if not isinstance(values, tuple | list) or len(values) != 2 or not all(map(_counts, values)):
        raise ValueError(f"{name} must be two whole numbers of at least 1. Received: {name}={pair!r}")
    first, second = values
    return int(first), int(second)


def _is_number(value: object) -> bool:
    """Whether a value is a real number. True is one to Python, and not here."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _counts(value: object) -> bool:
    """Whether a value is a whole number of at least 1."""
    # Infinity leaves no remainder but NaN, which equals nothing.
    return _is_number(value) and cast(float, value) >= 1 and cast(float, value) % 1 == 0


def positive(name: str, value: float) -> float:
    """Returns `value` if it is finite and above 0.

    Args:
        name: the argument's name, for the message.
        value: the number received.

    Raises:
        ValueError: the value is no number, not finite or not above 0.
    """
    if not _is_number(value) or not 0 < value < np.inf:
        raise ValueError(f"{name} must be positive. Received: {name}={value!r}")
    return float(value)


def fraction(name: str, value: float) -> float:
    """Returns `value` if it lies between 0 and 1, both included.

    Args:
        name: the argument's name, for the message.
        value: the number received.

    Raises:
        ValueError: the value is no such number.
    """
    if not _is_number(value) or not 0 <= value <= 1:
        raise ValueError(f"{name} must be a number from 0 to 1. Received: {name}={value!r}")
    return float(value)


def inner_fraction(name: str, value: float) -> float:
    """Returns `value` if it lies between 0 and 1, both excluded.

    Args:
        name: the argument's name, for the message.
        value: the number received.

    Raises:
        ValueError: the value is no such number.
    """
    if not _is_number(value) or not 0 < value < 1:
        raise ValueError(f"{name} must lie between 0 and 1. Received: {name}={value!r}")
    return float(value)


def number_among(name: str, value: int, allowed: tuple[int, ...]) -> int:
    """Returns `value` if it is one of some whole numbers.

    Args:
        name: the argument's name, for the message.
        value: the number received.
        allowed: the numbers.

    Raises:
        ValueError: the value is none of them.
    """
    if not _is_number(value) or value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(map(str, allowed))}. Received: {name}={value!r}")
    return int(value)


def grid_size(u0_size: tuple[int, int]) -> tuple[int, int]:
    """Returns the size of the grid of an initial flow if it is one.

    Args:
        u0_size: `(height, width)`.

    Raises:
        ValueError: it is not two whole numbers of at least 1, or the grid has more than `LARGEST_GRID` vectors.
    """
    height, width = positive_pair("u0_size", u0_size)
    if height * width > LARGEST_GRID:
        raise ValueError(
            f"u0_size must be (height, width) of a grid of at most {LARGEST_GRID} vectors. Received: u0_size={u0_size}"
        )
    return height, width


def ordered_range(value_range: tuple[float, float]) -> tuple[float, float]:
    """Returns the range of the values of a clip if its ends are in order.

    Args:
        value_range: `(low, high)`.

    Raises:
        ValueError: it is not two numbers, or high is not above low.
    """
    ends = value_range.tolist() if isinstance(value_range, np.ndarray) else value_range
    two = isinstance(ends, tuple | list) and len(ends) == 2 and all(map(_is_number, ends))
    if not two or not ends[1] > ends[0]:
        raise ValueError(f"value_range must be (low, high) with low < high. Received: value_range={value_range!r}")
    low, high = ends
    return float(low), float(high)


def learnable(learn: tuple[str, ...], allowed: tuple[str, ...]) -> tuple[str, ...]:
    """Returns `learn` if it is a sequence of `allowed` names.

    Args:
        learn: names of the weights that are trainable.
        allowed: names of all weights that could be.

    Raises:
        ValueError: `learn` is a string or no sequence, or holds a name that is not allowed.
    """
    if isinstance(learn, str) or not isinstance(learn, Iterable) or any(name not in allowed for name in learn):
        raise ValueError(f"learn must be a tuple of names from {allowed}. Received: learn={learn!r}")
    return tuple(learn)


def check_clip(layer: str, shape: Shape) -> None:
    """Refuses what is no clip `[B, T, H, W, C]` of at least two frames of at least one pixel.

    Args:
        layer: name of the layer, with which the message begins.
        shape: the shape received; unknown sizes are None.

    Raises:
        ValueError: the shape is of no such clip.
    """
    shape = tuple(shape)
    if len(shape) != 5:
        raise ValueError(f"{layer} needs a clip [B, T, H, W, C]. Received: shape={shape}")
    if shape[1] is not None and shape[1] < 2:
        raise ValueError(f"{layer} needs at least 2 frames. Received: shape={shape}")
    if 0 in shape[2:4]:
        raise ValueError(f"{layer} needs frames of at least one pixel. Received: shape={shape}")
