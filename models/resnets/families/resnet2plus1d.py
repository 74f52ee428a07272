"""R(2+1)D as torchvision's r2plus1d_18: every convolution sees space first, then time.

Between the two there are as many planes as give the number of weights of the 3D convolution.

Tran et al., "A Closer Look at Spatiotemporal Convolutions for Action Recognition", CVPR 2018.
"""

from tvnet_keras.layers.conv2plus1d import Conv2Plus1D, middle_planes
from tvnet_keras.typing import Tensor

from ..convolutions import ConvolutionMaker

STEM_PLANES = 45
"""Planes inside the first convolution for 64 channels: a constant of the paper's code, not from its formula."""


class Convolutions(ConvolutionMaker):
    """Convolutions in two factors."""

    def stem(self, x: Tensor, width: int, name: str) -> Tensor:
        """1 x 7 x 7, then 3 x 1 x 1; time keeps its length."""
        planes = max(STEM_PLANES * width // 64, 1)
        return Conv2Plus1D(width, (3, 7), (1, 2), planes, name=f"{name}_conv")(x)

    def conv3x3(
        self, x: Tensor, filters: int, stride: int, name: str, *, planes: int | None = None, position: int = 0
    ) -> Tensor:
        """1 x 3 x 3, then 3 x 1 x 1; both convolutions of a basic block have the planes of the first one."""
        middle = None if planes is None else middle_planes(planes, filters)
        return Conv2Plus1D(filters, (3, 3), (stride, stride), middle, name=f"{name}_conv")(x)
