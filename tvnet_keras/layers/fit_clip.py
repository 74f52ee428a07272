"""Clips of any size, brought to the size that a classifier was trained at."""

from typing import Any

import keras
from keras import ops

from tvnet_keras.choices import check_choice
from tvnet_keras.errors import InputError
from tvnet_keras.layers.arguments import positive_int
from tvnet_keras.ops.resize import resize_half_pixel_antialiased
from tvnet_keras.typing import Dimension, Shape, Tensor

CROPS = ("center", "none")


@keras.saving.register_keras_serializable(package="tvnet_keras")
class FitClip(keras.layers.Layer):
    """Shows a model the frames of a clip as the test pipeline does (`video.augment.test_views`), inside a graph.

    Outside XLA the bytes are those of the pipeline, bit by bit (`ops.resize`). A frame that has the size already passes
    untouched, except with `crop="center"` and a `resize_short` above its short side.

    Args:
        height: height of the result, in pixels.
        width: width of the result, in pixels.
        resize_short: short side of the resized frame, in pixels, out of which the centre is cut. Where the frame would
            then not cover `(height, width)`, and with 0 or None, it is resized so that it just covers it.
        crop: "center" cuts the centre out of the resized frame; "none" resizes the whole frame to `(height, width)`,
            whatever its aspect and `resize_short`.
        resize_long: long side of the resized frame, in pixels, whatever the frame's aspect; 0 or None keeps the aspect.
        **kwargs: `keras.layers.Layer` arguments.

    Call arguments:
        clip: `[B, T, H, W, C]`, integers 0..255 or floats; H and W may be unknown until run time.

    Input shape:
        `[B, T, H, W, C]`.

    Output shape:
        `[B, T, height, width, C]`; integers keep their dtype, floats become float32.

    Raises:
        ValueError: a size is no whole number of at least 1.
        InputError: `crop` is unknown, or `resize_long` is shorter than `resize_short`.

    Example:
        >>> tuple(FitClip(64, 64)(np.zeros((1, 6, 240, 320, 3), "uint8")).shape)
        (1, 6, 64, 64, 3)
    """

    def __init__(
        self,
        height: int,
        width: int,
        resize_short: int | None = 0,
        crop: str = "center",
        *,
        resize_long: int | None = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        check_choice("crop", crop, CROPS)
        self.height, self.width = positive_int("height", height), positive_int("width", width)
        self.resize_short = positive_int("resize_short", resize_short) if resize_short else 0
        self.resize_long = positive_int("resize_long", resize_long) if resize_long else 0
        if self.resize_long and not 0 < self.resize_short <= self.resize_long:
            raise InputError(
                "resize_long goes with a resize_short that is no longer. "
                f"Received: resize_short={self.resize_short}, resize_long={self.resize_long}"
            )
        self.crop = crop

    def call(self, clip: Tensor) -> Tensor:
        """`[B, T, H, W, C] -> [B, T, height, width, C]`."""
        batch, time, height, width, channels = ops.shape(clip)
        frames = ops.reshape(clip, (-1, height, width, channels))
        if self.crop == "none":
            frames = self._resized(frames, self.height, self.width)
        else:
            frames = self._centre(self._resized(frames, *self._covering(height, width)))
        return ops.reshape(frames, (batch, time, self.height, self.width, channels))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """`[B, T, H, W, C] -> [B, T, height, width, C]`."""
        return (*input_shape[:2], self.height, self.width, input_shape[4])

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        names = ("height", "width", "resize_short", "resize_long", "crop")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

    @classmethod
    def from_config(cls, config: dict) -> "FitClip":
        """The layer of a configuration.

        Configurations that were stored before the argument `crop` existed lack it; in them `resize_short=0` meant the
        whole frame.

        Args:
            config: the dictionary of `get_config`.
        """
        return cls(**{"crop": "center" if config["resize_short"] else "none", **config})

    def _resized(self, frames: Tensor, height: Dimension, width: Dimension) -> Tensor:
        return resize_half_pixel_antialiased(frames, height, width)

    def _covering(self, height: Dimension, width: Dimension) -> tuple[Dimension, Dimension]:
        """The size of the resized frame, into which the window fits."""
        if self.resize_long:
            height, width = self._of_both_sides(height, width)
        if isinstance(height, int) and isinstance(width, int):
            maximum, minimum, nearest = max, min, round
        else:
            # Python's float64 here too, so that halves round the same way.
            height, width = ops.cast(height, "float64"), ops.cast(width, "float64")
            maximum, minimum, nearest = ops.maximum, ops.minimum, lambda side: ops.cast(ops.round(side), "int32")
        least = maximum(self.height / height, self.width / width)
        scale = maximum(least, self.resize_short / minimum(height, width))
        # Rounding must not leave the frame one pixel short of the window.
        return maximum(nearest(height * scale), self.height), maximum(nearest(width * scale), self.width)

    def _of_both_sides(self, height: Dimension, width: Dimension) -> tuple[Dimension, Dimension]:
        """The resized frame where both its sides are given: it lies or stands as the frame does."""
        short, long = self.resize_short, self.resize_long
        if isinstance(height, int) and isinstance(width, int):
            return (short, long) if height <= width else (long, short)
        lies = height <= width
        return ops.where(lies, short, long), ops.where(lies, long, short)

    def _centre(self, frames: Tensor) -> Tensor:
        height, width = ops.shape(frames)[1:3]
        top, left = (height - self.height) // 2, (width - self.width) // 2
        return frames[:, top : top + self.height, left : left + self.width]
