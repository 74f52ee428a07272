"""Clips of bytes or of floats, as floats 0..1."""

from typing import Any

import keras
from keras import ops

from tvnet_keras.ops.value_check import check_values
from tvnet_keras.typing import Shape, Tensor


@keras.saving.register_keras_serializable(package="tvnet_keras")
class UnitRange(keras.layers.Layer):
    """Integers 0..255 become floats 0..1. Floats pass as they are; a model expects them in 0..1, others are warned of.

    The layer computes in float32 under mixed precision too: Keras casts the float input of a layer before `call`, and
    float16 has only eleven bits for 0..255.

    Args:
        **kwargs: `keras.layers.Layer` arguments.

    Call arguments:
        clip: integers 0..255 or floats 0..1, any shape.

    Input shape:
        Any shape.

    Output shape:
        The input's shape, float32.

    Example:
        >>> float(UnitRange()(np.array([255], "uint8"))[0])
        1.0
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})

    def call(self, clip: Tensor) -> Tensor:
        """The clip in 0..1."""
        check_values(self, clip, (0.0, 1.0), "divide the frames by 255")
        values = ops.cast(clip, "float32")
        return values / 255.0 if keras.backend.is_int_dtype(clip.dtype) else values

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape."""
        return input_shape
