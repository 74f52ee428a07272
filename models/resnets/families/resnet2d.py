"""ResNet on single frames (He et al. 2016); a bottleneck's stride is in its 3 x 3 convolution, as in torchvision."""

from tvnet_keras.typing import Tensor

from ..convolutions import ConvolutionMaker, convolve, max_pool


class Convolutions(ConvolutionMaker):
    """Convolutions of frames."""

    rank = 2

    def stem(self, x: Tensor, width: int, name: str) -> Tensor:
        """7 x 7."""
        return convolve(x, width, (7, 7), (2, 2), (3, 3), name)

    def pool(self, x: Tensor, name: str) -> Tensor:
        """Halves height and width."""
        return max_pool(x, self.rank, name)

    def conv3x3(
        self, x: Tensor, filters: int, stride: int, name: str, *, planes: int | None = None, position: int = 0
    ) -> Tensor:
        """3 x 3."""
        return convolve(x, filters, (3, 3), (stride, stride), (1, 1), name)
