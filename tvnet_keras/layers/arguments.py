"""Checks of arguments and of clips that several layers share. Their messages say what was received."""

import numbers
from typing import cast

import numpy as np

from tvnet_keras.typing import Shape


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


def _counts(value: object) -> bool:
    """Whether a value is a whole number of at least 1."""
    # Infinity leaves no remainder but NaN, which equals nothing. True is a number to Python.
    return (
        isinstance(value, numbers.Real) and not isinstance(value, bool) and cast(float, value) >= 1 and value % 1 == 0
    )


def positive(name: str, value: float) -> float:
    """Returns `value` if it is finite and above 0.

    Args:
        name: the argument's name, for the message.
        value: the number received.

    Raises:
        ValueError: the value is not finite or not above 0.
    """
    if not np.isfinite(value) or value <= 0:
        raise ValueError(f"{name} must be positive. Received: {name}={value}")
    return float(value)


def learnable(learn: tuple[str, ...], allowed: tuple[str, ...]) -> tuple[str, ...]:
    """Returns `learn` if it is a sequence of `allowed` names.

    Args:
        learn: names of the weights that are trainable.
        allowed: names of all weights that could be.

    Raises:
        ValueError: `learn` is a string, or holds a name that is not allowed.
    """
    if isinstance(learn, str) or any(name not in allowed for name in learn):
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
