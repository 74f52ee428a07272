"""What a family of residual networks may choose, and the layers that all of them are made of."""

from collections.abc import Callable

import keras
from keras import layers

from tvnet_keras.layers.batch_norm import BATCH_NORM
from tvnet_keras.typing import Tensor

CLIP_RANK = 3
"""The `rank` of networks that see clips."""


SAME = "same"
"""The padding with which Keras and TensorFlow keep the size but for the stride, unevenly where they must."""


class ConvolutionMaker:
    """How a residual network convolves.

    Every method takes a Keras tensor and the name that its layers begin with, and returns a Keras tensor. A family
    overrides what it does differently. `block` counts the residual blocks of a stage from 0.
    """

    rank = CLIP_RANK
    """2: the network sees single frames `[N, H, W, C]`; 3: clips `[B, T, H, W, C]`."""

    depths: tuple[int, ...] = (10, 18, 34, 50)
    """The depths that the family has."""

    def stem(self, x: Tensor, width: int, name: str) -> Tensor:
        """The first convolution, from frames to `width` channels at half the height and width."""
        raise NotImplementedError

    def pool(self, x: Tensor, name: str) -> Tensor:
        """The pooling between the first convolution and the first block; by default there is none."""
        return x

    def conv3x3(
        self, x: Tensor, filters: int, stride: int, name: str, *, planes: int | None = None, position: int = 0
    ) -> Tensor:
        """The convolution that is 3 x 3 in an image network: both of a basic block, the middle one of a bottleneck.

        Args:
            x: features.
            filters: number of channels of the result.
            stride: 1 or 2.
            name: what the names of the layers begin with.
            planes: number of channels of the block's input.
            position: 0 for the first convolution of a basic block, 1 for the second.
        """
        raise NotImplementedError

    def reduce(self, x: Tensor, filters: int, block: int, name: str) -> Tensor:
        """The first convolution of a bottleneck."""
        return self.conv1x1(x, filters, 1, name)

    def conv1x1(self, x: Tensor, filters: int, stride: int, name: str) -> Tensor:
        """The convolution that is 1 x 1 in an image network: the last one of a bottleneck, or a shortcut."""
        return convolve(x, filters, (1,) * self.rank, (stride,) * self.rank, (0,) * self.rank, name)


def convolve(
    x: Tensor,
    filters: int,
    kernel: tuple[int, ...],
    strides: tuple[int, ...],
    padding: tuple[int, ...] | str,
    name: str,
) -> Tensor:
    """A convolution without bias whose borders are padded as given.

    The padding is symmetric, as in PyTorch; `SAME` would pad strided convolutions on one side only, and is for networks
    that were trained so.
    """
    if padding != SAME and any(padding):
        x = _of_rank("ZeroPadding", len(kernel))(padding, name=f"{name}_pad")(x)
    convolution = _of_rank("Conv", len(kernel))
    return convolution(
        filters,
        kernel,
        strides=strides,
        padding=SAME if padding == SAME else "valid",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)


def max_pool(x: Tensor, rank: int, name: str) -> Tensor:
    """The maximum of three at every second position; the input is not negative, so zeros at the border never win."""
    x = _of_rank("ZeroPadding", rank)(1, name=f"{name}_pad")(x)
    return _of_rank("MaxPooling", rank)(3, strides=2, name=name)(x)


def normalise(x: Tensor, name: str) -> Tensor:
    """Batch normalisation."""
    return layers.BatchNormalization(**BATCH_NORM, name=f"{name}_norm")(x)


def _of_rank(kind: str, rank: int) -> Callable[..., keras.Layer]:
    return getattr(layers, f"{kind}{rank}D")
