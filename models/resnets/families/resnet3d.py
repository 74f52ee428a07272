"""ResNet of 3D convolutions as torchvision's r3d_18: no pooling after the first one (Tran et al., CVPR 2018)."""

from tvnet_keras.typing import Tensor

from ..convolutions import ConvolutionMaker, convolve


class Convolutions(ConvolutionMaker):
    """3D convolutions."""

    def stem(self, x: Tensor, width: int, name: str) -> Tensor:
        """3 x 7 x 7; time keeps its length."""
        return convolve(x, width, (3, 7, 7), (1, 2, 2), (1, 3, 3), name)

    def conv3x3(
        self, x: Tensor, filters: int, stride: int, name: str, *, planes: int | None = None, position: int = 0
    ) -> Tensor:
        """3 x 3 x 3."""
        return convolve(x, filters, (3, 3, 3), (stride,) * 3, (1, 1, 1), name)
