"""The 2D ResNet inflated to clips (Carreira & Zisserman, CVPR 2017), the 3D network of Representation Flow's Table 6.

Unlike in r3d_18, the first convolution is 7 x 7 x 7 and max pooling follows, so that ImageNet weights meet the sizes of
features that they were trained with.
"""

from tvnet_keras.typing import Tensor

from ..convolutions import convolve, max_pool
from . import resnet3d


class Convolutions(resnet3d.Convolutions):
    """3D convolutions around the 2D network's first layers."""

    def stem(self, x: Tensor, width: int, name: str) -> Tensor:
        """7 x 7 x 7; time keeps its length."""
        return convolve(x, width, (7, 7, 7), (1, 2, 2), (3, 3, 3), name)

    def pool(self, x: Tensor, name: str) -> Tensor:
        """Halves length, height and width."""
        return max_pool(x, self.rank, name)
