"""What a family of residual networks may choose, and the convolution of frames that all share."""

from keras import layers

from tvnet_keras.layers.batch_norm import BATCH_NORM

CLIP_RANK = 3
"""Of the networks that see clips."""


class ConvolutionMaker:
    """How a residual network convolves. Every method takes and gives a Keras tensor and the name to build under.

    A family overrides what it does differently. `block` counts the residual blocks of a stage from 0.
    """

    rank = CLIP_RANK
    """2: the network sees single frames `[N, H, W, C]`; 3: clips `[B, T, H, W, C]`."""

    depths: tuple[int, ...] = (10, 18, 34, 50)

    def stem(self, x, width: int, name: str):
        """The first convolution, from frames to `width` channels at half the height and width."""
        raise NotImplementedError

    def pool(self, x, name: str):
        """What stands between the first convolution and the first block; by default nothing."""
        return x

    def wide(self, x, filters: int, stride: int, name: str, *, planes: int | None = None, position: int = 0):
        """A 3 x 3 convolution: one of the two of a basic block (`position` 0, 1), the middle one of a bottleneck.

        Args:
            x: features.
            filters: channels of the result.
            stride: 1 or 2.
            name: of the layers.
            planes: channels of the block's input.
            position: in a basic block.
        """
        raise NotImplementedError

    def reduce(self, x, filters: int, block: int, name: str):
        """The first convolution of a bottleneck."""
        return self.point(x, filters, 1, name)

    def point(self, x, filters: int, stride: int, name: str):
        """A 1 x 1 convolution: the last of a bottleneck, or a shortcut."""
        return convolve(x, filters, (1,) * self.rank, (stride,) * self.rank, (0,) * self.rank, name)


def convolve(x, filters: int, kernel: tuple, strides: tuple, padding: tuple, name: str):
    """A convolution without bias whose borders are padded as given.

    Symmetric padding as in the original; Keras's "same" would pad strided convolutions on one side only.
    """
    if any(padding):
        x = _of_rank("ZeroPadding", len(kernel))(padding, name=f"{name}_pad")(x)
    convolution = _of_rank("Conv", len(kernel))
    return convolution(
        filters, kernel, strides=strides, use_bias=False, kernel_initializer="he_normal", name=f"{name}_conv"
    )(x)


def max_pool(x, rank: int, name: str):
    """Maximum over three, at every second position; its input is not negative, so zeros at the border never win."""
    x = _of_rank("ZeroPadding", rank)(1, name=f"{name}_pad")(x)
    return _of_rank("MaxPooling", rank)(3, strides=2, name=name)(x)


def normalise(x, name: str):
    """Batch normalisation."""
    return layers.BatchNormalization(**BATCH_NORM, name=f"{name}_norm")(x)


def _of_rank(kind: str, rank: int):
    return getattr(layers, f"{kind}{rank}D")
