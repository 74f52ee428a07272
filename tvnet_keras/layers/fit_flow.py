"""Flow of any size, brought to the size that a classifier was trained at."""

import keras
from keras import ops

from tvnet_keras.layers.fit_clip import FitClip
from tvnet_keras.ops.resize import resize_half_pixel_bilinear
from tvnet_keras.typing import Dimension, Tensor


@keras.saving.register_keras_serializable(package="tvnet_keras")
class FitFlow(FitClip):
    """Shows a model flow as the test pipeline does (`video.augment.test_flow_views`), inside a graph.

    Vectors are interpolated bilinearly and scaled with the frame, so that they are in pixels of the result.

    Args:
        height: height of the result, in pixels.
        width: width of the result, in pixels.
        resize_short: as in `FitClip`.
        crop: as in `FitClip`.
        resize_long: as in `FitClip`.
        **kwargs: `keras.layers.Layer` arguments.

    Call arguments:
        clip: the flow of a clip, `[B, T, H, W, 2]`, pixels; H and W may be unknown until run time.

    Input shape:
        `[B, T, H, W, 2]`.

    Output shape:
        `[B, T, height, width, 2]`.

    Raises:
        ValueError: a size is no whole number of at least 1.
        InputError: `crop` is unknown, or `resize_long` is shorter than `resize_short`.

    Example:
        >>> half = FitFlow(64, 64)(np.full((1, 5, 128, 128, 2), 3.0, "float32"))
        >>> float(half[0, 0, 0, 0, 0])
        1.5
    """

    def _resized(self, frames: Tensor, height: Dimension, width: Dimension) -> Tensor:
        sides = zip((width, height), ops.shape(frames)[2:0:-1], strict=True)
        scale = ops.stack([ops.cast(new, "float32") / ops.cast(old, "float32") for new, old in sides])
        return resize_half_pixel_bilinear(frames, height, width) * scale
