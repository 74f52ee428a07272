"""Stacks of neighbouring time steps, as the temporal stream of a two-stream network takes them."""

from typing import Any

import keras
from keras import ops

from tvnet_keras.layers.arguments import positive_int
from tvnet_keras.typing import Shape, Tensor


@keras.saving.register_keras_serializable(package="tvnet_keras")
class SlidingWindows(keras.layers.Layer):
    """Stacks every `length` neighbouring steps along the channels.

    Five flow fields become the ten channels (u1, v1, u2, v2, ...) of the temporal stream; a longer clip becomes
    several overlapping stacks, one for every starting step.

    Args:
        length: steps in a window, at least 1.
        **kwargs: `keras.layers.Layer` arguments.

    Call arguments:
        steps: `[B, T, H, W, C]`, T >= length.

    Input shape:
        `[B, T, H, W, C]`.

    Output shape:
        `[B, T - length + 1, H, W, length * C]`.

    Raises:
        ValueError: `length` is no whole number of at least 1, or the clip is known to have fewer steps.

    Example:
        >>> tuple(SlidingWindows(5)(np.zeros((1, 8, 64, 64, 2))).shape)
        (1, 4, 64, 64, 10)
    """

    def __init__(self, length: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.length = positive_int("length", length)

    def call(self, steps: Tensor) -> Tensor:
        """`[B, T, H, W, C] -> [B, T - length + 1, H, W, length * C]`."""
        self._check_steps(steps.shape[1])
        windows = ops.shape(steps)[1] - self.length + 1
        return ops.concatenate([steps[:, k : k + windows] for k in range(self.length)], axis=-1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """`[B, T, H, W, C] -> [B, T - length + 1, H, W, length * C]`."""
        batch, time, height, width, channels = input_shape
        # While a model is put together Keras asks for this only, not for `call`.
        self._check_steps(time)
        return batch, None if time is None else time - self.length + 1, height, width, self.length * channels

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "length": self.length}

    def _check_steps(self, steps: int | None) -> None:
        if steps is not None and steps < self.length:
            raise ValueError(f"SlidingWindows({self.length}) needs at least {self.length} steps. Received: {steps}")
