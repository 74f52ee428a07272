"""Flow as an image: the normalisation between a flow layer and a classifier."""

from typing import Any

import keras
from keras import ops

from tvnet_keras.choices import check_choice
from tvnet_keras.typing import Shape, Tensor

OUTPUT_RANGES = ("unit", "eight_bit")
"""What a classifier is shown: -1..1, or the levels 0..255 of 8-bit pictures less 128."""

HALF = 255 / 2
"""Levels between 0 and the bound."""

GREY = 128.0
"""The level that Caffe's networks take off 8-bit pictures of flow."""


@keras.saving.register_keras_serializable(package="tvnet_keras")
class FlowImage(keras.layers.Layer):
    """Clips flow to `[-bound, bound]` pixels and scales it to `[-1, 1]`, or to the levels of 8-bit pictures.

    Two-stream networks store flow as 8-bit pictures around grey (Simonyan & Zisserman 2014, bound 20). This is the
    differentiable form of it: by default nothing is rounded, and where it is, gradients pass as if it were not.

    Args:
        bound: largest displacement, in pixels per frame; larger ones are clipped to it.
        quantised: whether values are rounded to the 256 levels of 8 bits, as those of stored flow are; no motion lies
            between two of them and takes the upper one.
        output_range: `"unit"` for -1..1; `"eight_bit"` for levels 0..255 less 128, which VGG-16 sees in the released
            Hidden Two-Stream network.
        **kwargs: `keras.layers.Layer` arguments.

    Call arguments:
        flow: `[B, T, H, W, 2]` in pixels.

    Input shape:
        Any shape.

    Output shape:
        The input's shape.

    Raises:
        ValueError: `bound` is not positive.
        InputError: `output_range` is unknown.

    Example:
        >>> float(FlowImage(bound=20)(np.full((1, 1, 1, 1, 2), 5.0))[0, 0, 0, 0, 0])
        0.25
        >>> float(FlowImage(quantised=True, output_range="eight_bit")(np.full((1, 1, 1, 1, 2), 5.0))[0, 0, 0, 0, 0])
        31.0

    Reference:
        Simonyan & Zisserman, "Two-Stream Convolutional Networks for Action Recognition in Videos", NIPS 2014. Zhu et
        al., "Hidden Two-Stream Convolutional Networks for Action Recognition", ACCV 2018, round; their released network
        does not. What the gradient of the rounding is they do not say.
    """

    def __init__(self, bound: float = 20.0, quantised: bool = False, output_range: str = "unit", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not bound > 0:
            raise ValueError(f"bound must be positive, in pixels. Received: bound={bound}")
        self.bound = float(bound)
        self.quantised = bool(quantised)
        self.output_range = check_choice("output_range", output_range, OUTPUT_RANGES)

    def call(self, flow: Tensor) -> Tensor:
        """Flow in pixels to values of the output range."""
        unit = ops.clip(flow, -self.bound, self.bound) / self.bound
        if self.output_range == "eight_bit":
            return self._levels(unit) - GREY
        return self._levels(unit) / HALF - 1.0 if self.quantised else unit

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = {"bound": self.bound, "quantised": self.quantised, "output_range": self.output_range}
        return {**super().get_config(), **own}

    def _levels(self, unit: Tensor) -> Tensor:
        """-1..1 to 0..255, rounded where asked for; the gradient is that of the line."""
        # From the ratio, so that no motion is 127.5 exactly whatever the bound, and rounds up as in `flow.codec`.
        levels = (unit + 1.0) * HALF
        if not self.quantised:
            return levels
        return levels + ops.stop_gradient(ops.floor(levels + 0.5) - levels)
