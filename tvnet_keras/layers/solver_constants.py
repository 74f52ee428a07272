"""TV-L1's constants as weights, for the layers that stand on the solver."""

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np
from keras import ops

from tvnet_keras.errors import InputError
from tvnet_keras.typing import Shape, Tensor

LEAST_CONSTANT = 1e-3
"""The least value of a constant in training. It bounds the step ratio tau / theta and the threshold lambda * theta."""


@keras.saving.register_keras_serializable(package="tvnet_keras")
class Positive(keras.constraints.Constraint):
    """Keeps a weight at or above a minimum, so that tau, lambda and theta stay positive while they are trained.

    Args:
        minimum: the least value that the weight may have.
    """

    def __init__(self, minimum: float = LEAST_CONSTANT) -> None:
        self.minimum = minimum

    def __call__(self, weight: Tensor) -> Tensor:
        """Returns `weight` with smaller values raised to the minimum."""
        return ops.maximum(weight, ops.cast(self.minimum, weight.dtype))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"minimum": self.minimum}


def add_constants(layer: keras.Layer, shape: Shape = ()) -> tuple:
    """Gives a layer that is being built its weights tau, lambda and theta, trainable as its `learn` says.

    No constant falls below `LEAST_CONSTANT` while it is trained. A constant that starts near that value, or below it,
    has a lower minimum of its own, so that the constraint never moves what the constructor was given.

    Args:
        layer: a layer with the attributes `tau`, `lambda_`, `theta` and `learn`.
        shape: of each weight: `()` for one number, `(S,)` for one of every scale.

    Returns:
        The three weights, as a tuple: `tf.train.Checkpoint` passes over what a Keras layer keeps in lists and
        dictionaries.
    """
    initial = (("tau", layer.tau), ("lambda", layer.lambda_), ("theta", layer.theta))
    return tuple(
        layer.add_weight(
            name=name,
            shape=shape,
            dtype="float32",
            autocast=False,
            initializer=keras.initializers.Constant(value),
            constraint=Positive(min(LEAST_CONSTANT, value / 10)),
            trainable=name in layer.learn,
        )
        for name, value in initial
    )


def stack_constants(weights: Iterable[Tensor]) -> Tensor:
    """The three constants as one float32 tensor, `[3]` or `[3, S]`.

    Args:
        weights: tau, lambda and theta, as `add_constants` returns them.
    """
    return ops.stack([ops.cast(weight, "float32") for weight in weights])


def fitted_constant(layer: str, weight: keras.Variable, value: np.ndarray, scales: int) -> np.ndarray:
    """A stored constant as a weight takes it: one number is that of every scale, equal numbers of all scales are one.

    Args:
        layer: the layer's name, for the message.
        weight: the weight, `[]` or `[S]`.
        value: what is stored.
        scales: number S of scales.

    Raises:
        InputError: every scale has a constant of its own there, and the layer has one for all.
    """
    if value.shape == ():
        return np.broadcast_to(value, weight.shape)
    if tuple(weight.shape) == () and value.shape == (scales,):
        if np.ptp(value):
            raise InputError(
                f"{layer}: every scale has its own {weight.name} in the weights, and this layer has one for all; give "
                f'it constants_per="scale". Received: constants_per="network"'
            )
        return value[0]
    return value
