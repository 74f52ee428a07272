"""TV-L1's constants as weights, and the checks of arguments, for the layers that stand on the solver."""

import numbers
from collections.abc import Iterable
from typing import Any, cast

import keras
import numpy as np
from keras import ops

from tvnet_keras.typing import Tensor

FLOOR = 1e-3
"""Least value of a constant in training: the step ratio tau / theta and the threshold lambda * theta stay bounded."""


@keras.saving.register_keras_serializable(package="tvnet_keras")
class Positive(keras.constraints.Constraint):
    """Keeps a weight at or above `minimum`, so that tau, lambda and theta stay positive while they are trained."""

    def __init__(self, minimum: float = FLOOR) -> None:
        self.minimum = minimum

    def __call__(self, weight: Tensor) -> Tensor:
        """Returns `weight` with smaller values raised to the minimum."""
        return ops.maximum(weight, ops.cast(self.minimum, weight.dtype))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"minimum": self.minimum}


def add_constants(layer: keras.Layer) -> tuple:
    """Gives a layer that is being built its weights tau, lambda and theta, trainable as its `learn` says.

    None falls below `FLOOR` while it is trained; one that starts near it or below has a lower floor of its own, so that
    the constraint never moves what the constructor was given.

    A tuple, because `tf.train.Checkpoint` passes over what a Keras layer keeps in lists and dictionaries.
    """
    initial = (("tau", layer.tau), ("lambda", layer.lambda_), ("theta", layer.theta))
    return tuple(
        layer.add_weight(
            name=name,
            shape=(),
            dtype="float32",
            autocast=False,
            initializer=keras.initializers.Constant(value),
            constraint=Positive(min(FLOOR, value / 10)),
            trainable=name in layer.learn,
        )
        for name, value in initial
    )


def stack_constants(weights: Iterable[Tensor]) -> Tensor:
    """`[3]`, float32, from what `add_constants` made."""
    return ops.stack([ops.cast(weight, "float32") for weight in weights])


def positive_int(name: str, value: int) -> int:
    """Returns `value` if it is a whole number of at least 1."""
    if not _counts(value):
        raise ValueError(f"{name} must be a whole number of at least 1. Received: {name}={value!r}")
    return int(value)


def positive_pair(name: str, pair: tuple[int, int]) -> tuple[int, int]:
    """Returns `pair` if it is two whole numbers of at least 1."""
    values = pair.tolist() if isinstance(pair, np.ndarray) else pair
    # Texts, sets and dictionaries of two have a length, too.
    if not isinstance(values, tuple | list) or len(values) != 2 or not all(map(_counts, values)):
        raise ValueError(f"{name} must be two whole numbers of at least 1. Received: {name}={pair!r}")
    first, second = values
    return int(first), int(second)


def _counts(value: object) -> bool:
    # Infinity leaves no remainder but NaN, which equals nothing. True is a number to Python.
    return (
        isinstance(value, numbers.Real) and not isinstance(value, bool) and cast(float, value) >= 1 and value % 1 == 0
    )


def positive(name: str, value: float) -> float:
    """Returns `value` if it is finite and above 0."""
    if not np.isfinite(value) or value <= 0:
        raise ValueError(f"{name} must be positive. Received: {name}={value}")
    return float(value)


def learnable(learn: tuple[str, ...], allowed: tuple[str, ...]) -> tuple[str, ...]:
    """Returns `learn` if it is a sequence of `allowed` names."""
    if isinstance(learn, str) or any(name not in allowed for name in learn):
        raise ValueError(f"learn must be a tuple of names from {allowed}. Received: learn={learn!r}")
    return tuple(learn)
