"""Flow as an image: the normalisation between a flow layer and a classifier."""

from typing import Any

import keras
from keras import ops

from tvnet_keras.typing import Shape, Tensor


@keras.saving.register_keras_serializable(package="tvnet_keras")
class FlowImage(keras.layers.Layer):
    """Clips flow to `[-bound, bound]` pixels and scales it to `[-1, 1]`.

    Two-stream networks store flow as 8-bit pictures around grey (Simonyan & Zisserman 2014, bound 20). This is the
    differentiable form of it: nothing is rounded, so that gradients reach the flow.

    Args:
        bound: largest displacement, in pixels per frame; larger ones are clipped to it.
        **kwargs: `keras.layers.Layer` arguments.

    Call arguments:
        flow: `[B, T, H, W, 2]` in pixels.

    Input shape:
        Any shape.

    Output shape:
        The input's shape.

    Example:
        >>> float(FlowImage(bound=20)(np.full((1, 1, 1, 1, 2), 5.0))[0, 0, 0, 0, 0])
        0.25

    Reference:
        Simonyan & Zisserman, "Two-Stream Convolutional Networks for Action Recognition in Videos", NIPS 2014.
    """

    def __init__(self, bound: float = 20.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not bound > 0:
            raise ValueError(f"bound must be positive, in pixels. Received: bound={bound}")
        self.bound = float(bound)

    def call(self, flow: Tensor) -> Tensor:
        """Flow in pixels to values in [-1, 1]."""
        return ops.clip(flow, -self.bound, self.bound) / self.bound

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "bound": self.bound}
