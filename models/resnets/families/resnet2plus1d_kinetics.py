"""The (2+1)D ResNet of Representation Flow's second release (its Kinetics model), layer by layer, for its weights.

Its convolutions are those of `resnet2plus1d_released`. Unlike there, the first one is not padded, so that a clip of T
frames leaves (T - 7) // 2 + 1 steps of it, and whatever strides is padded as TensorFlow does: behind the last pixel
only where the number of pixels is even.
"""

from keras import layers

from tvnet_keras.typing import Tensor

from ..convolutions import SAME, convolve
from . import resnet2plus1d_released


class Convolutions(resnet2plus1d_released.Convolutions):
    """The released convolutions with the released borders."""

    def stem(self, x: Tensor, width: int, name: str) -> Tensor:
        """7 x 7 x 7."""
        return convolve(x, width, (7, 7, 7), (2, 2, 2), (0, 0, 0), name)

    def pool(self, x: Tensor, name: str) -> Tensor:
        """Halves length, height and width."""
        return layers.MaxPooling3D(3, strides=2, padding=SAME, name=name)(x)

    def conv3x3(
        self, x: Tensor, filters: int, stride: int, name: str, *, planes: int | None = None, position: int = 0
    ) -> Tensor:
        """1 x 3 x 3."""
        return convolve(x, filters, (1, 3, 3), (1, stride, stride), SAME, name)
