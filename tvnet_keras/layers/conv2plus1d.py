"""A 3D convolution in two factors: space first, then time."""

from typing import Any

import keras
from keras import layers

from tvnet_keras.layers.arguments import positive_int, positive_pair
from tvnet_keras.layers.batch_norm import BATCH_NORM
from tvnet_keras.typing import Shape, Tensor


@keras.saving.register_keras_serializable(package="tvnet_keras")
class Conv2Plus1D(layers.Layer):
    """The (2+1)D convolution: `1 x k x k`, batch norm, ReLU, then `t x 1 x 1`.

    The number of planes between the two convolutions is free. By default it is the largest number that needs no more
    weights than the 3D convolution in whose place the layer stands.

    Args:
        filters: channels of the result.
        kernel_size: `(t, k)`, the extent of the kernels in time and in space; both are odd.
        strides: `(time, space)`, the strides of the second and of the first convolution.
        middle: planes between the two convolutions; None for the default above.
        **kwargs: `keras.layers.Layer` arguments.

    Call arguments:
        clip: `[B, T, H, W, C]`; T, H and W may be unknown until run time.
        training: whether batch statistics are used and learned, as in Keras.

    Input shape:
        `[B, T, H, W, C]`.

    Output shape:
        `[B, ceil(T / time), ceil(H / space), ceil(W / space), filters]`: borders are zero-padded symmetrically.

    Raises:
        ValueError: an argument is no whole number of at least 1, or the kernel size is even, whose padding could not be
            symmetric.

    Example:
        >>> tuple(Conv2Plus1D(8)(np.zeros((1, 4, 16, 16, 3))).shape)
        (1, 4, 16, 16, 8)

    Reference:
        Tran et al., "A Closer Look at Spatiotemporal Convolutions for Action Recognition", CVPR 2018.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: tuple[int, int] = (3, 3),
        strides: tuple[int, int] = (1, 1),
        middle: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters = positive_int("filters", filters)
        self.middle = None if middle is None else positive_int("middle", middle)
        self.kernel_size, self.strides = positive_pair("kernel_size", kernel_size), positive_pair("strides", strides)
        if any(size % 2 == 0 for size in kernel_size):
            raise ValueError(f"kernel_size must be odd. Received: kernel_size={kernel_size}")

    def build(self, input_shape: Shape) -> None:
        """Creates both convolutions and the normalisation between them."""
        time, space = self.kernel_size
        middle = self.middle or middle_planes(input_shape[-1], self.filters, self.kernel_size)
        shared = {"use_bias": False, "kernel_initializer": "he_normal", "dtype": self.dtype_policy}
        # Explicit padding: Keras's "same" pads strided convolutions on one side only.
        self.pad_space = layers.ZeroPadding3D((0, space // 2, space // 2), dtype=self.dtype_policy)
        self.spatial = layers.Conv3D(
            middle, (1, space, space), (1, self.strides[1], self.strides[1]), name="spatial", **shared
        )
        self.norm = layers.BatchNormalization(**BATCH_NORM, name="norm", dtype=self.dtype_policy)
        self.relu = layers.ReLU(dtype=self.dtype_policy)
        self.pad_time = layers.ZeroPadding3D((time // 2, 0, 0), dtype=self.dtype_policy)
        self.temporal = layers.Conv3D(self.filters, (time, 1, 1), (self.strides[0], 1, 1), name="temporal", **shared)
        shape = tuple(input_shape)
        for layer in self._in_order():
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        self.built = True

    def call(self, clip: Tensor, training: bool | None = None) -> Tensor:
        """`[B, T, H, W, C] -> [B, T', H', W', filters]`."""
        values = clip
        for layer in self._in_order():
            values = layer(values, training=training) if layer is self.norm else layer(values)
        return values

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """`[B, T, H, W, C] -> [B, T', H', W', filters]`."""
        batch, *sizes, _ = input_shape
        time, space = self.strides
        reduced = [None if n is None else -(-n // s) for n, s in zip(sizes, (time, space, space), strict=True)]
        return (batch, *reduced, self.filters)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        names = ("filters", "kernel_size", "strides", "middle")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

    def _in_order(self) -> tuple[keras.Layer, ...]:
        return self.pad_space, self.spatial, self.norm, self.relu, self.pad_time, self.temporal


def middle_planes(channels: int, filters: int, kernel_size: tuple[int, int] = (3, 3)) -> int:
    """Planes that give a (2+1)D convolution as many weights as the 3D one, rounded down.

    Args:
        channels: channels of the input.
        filters: channels of the result.
        kernel_size: `(t, k)`, the extent of the kernels in time and in space.
    """
    time, space = kernel_size
    return (time * space**2 * channels * filters) // (space**2 * channels + time * filters)
