"""Clips of any size, brought to the size that a classifier was trained at."""

import keras
from keras import ops

from tvnet_keras.ops.antialias import resize_antialiased


@keras.saving.register_keras_serializable(package="tvnet_keras")
class FitClip(keras.layers.Layer):
    """Resizes the frames of a clip, as the test pipeline does, inside a graph.

    With `resize_short` the short side is resized to so many pixels and the centre is cut out; without, the whole frame
    is resized to `(height, width)`. A frame that has the size already passes untouched.

    Args:
        height: of the result, pixels.
        width: of the result, pixels.
        resize_short: short side before the centre crop, pixels; 0 resizes the whole frame without a crop.
        **kwargs: `keras.layers.Layer` arguments.

    Call arguments:
        clip: `[B, T, H, W, C]`, integers 0..255 or floats; H and W may be unknown until run time.

    Input shape:
        `[B, T, H, W, C]`.

    Output shape:
        `[B, T, height, width, C]`, the input's dtype.

    Example:
        >>> FitClip(64, 64)(np.zeros((1, 6, 240, 320, 3), "uint8")).shape
        (1, 6, 64, 64, 3)
    """

    def __init__(self, height: int, width: int, resize_short: int = 0, **kwargs) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        if resize_short and resize_short < max(height, width):
            raise ValueError(
                f"The crop must fit into the resized frame. Received: height={height}, width={width}, "
                f"resize_short={resize_short}"
            )
        self.height, self.width, self.resize_short = int(height), int(width), int(resize_short)

    def call(self, clip):
        """`[B, T, H, W, C] -> [B, T, height, width, C]`."""
        batch, time, height, width, channels = ops.shape(clip)
        frames = ops.reshape(clip, (-1, height, width, channels))
        if self.resize_short:
            frames = self._centre(self._resize(frames, *self._scaled(height, width)))
        else:
            frames = self._resize(frames, self.height, self.width)
        return ops.reshape(frames, (batch, time, self.height, self.width, channels))

    def compute_output_shape(self, input_shape):
        """`[B, T, H, W, C] -> [B, T, height, width, C]`."""
        return (*input_shape[:2], self.height, self.width, input_shape[4])

    def get_config(self) -> dict:
        """The constructor's arguments."""
        config = {"height": self.height, "width": self.width, "resize_short": self.resize_short}
        return {**super().get_config(), **config}

    def _scaled(self, height, width):
        """Size of the resized frame: its short side is `resize_short`."""
        if isinstance(height, int) and isinstance(width, int):
            short = min(height, width)
            return round(height * self.resize_short / short), round(width * self.resize_short / short)
        # Python's float64 here too, so that halves round the same way.
        sides = [ops.cast(side, "float64") for side in (height, width)]
        return tuple(ops.cast(ops.round(side * self.resize_short / ops.minimum(*sides)), "int32") for side in sides)

    def _resize(self, frames, height, width):
        if isinstance(height, int) and tuple(frames.shape[1:3]) == (height, width):
            return frames
        resized = resize_antialiased(ops.cast(frames, "float32"), height, width)
        if keras.backend.is_int_dtype(frames.dtype):
            return ops.cast(ops.clip(ops.round(resized), 0, 255), frames.dtype)
        return ops.cast(resized, frames.dtype)

    def _centre(self, frames):
        height, width = ops.shape(frames)[1:3]
        top, left = (height - self.height) // 2, (width - self.width) // 2
        return frames[:, top : top + self.height, left : left + self.width]
