"""The (2+1)D ResNet of Representation Flow's first release (its HMDB51 model), layer by layer, for its weights.

Basic blocks are 1 x 3 x 3, then 3 x 3 x 3; every bottleneck starts with 3 x 1 x 1. The first convolution is 7 x 7 x 7
without padding in time, and strided convolutions pad time although they do not extend over it.
"""

from tvnet_keras.typing import Tensor

from ..convolutions import ConvolutionMaker, convolve, max_pool


class Convolutions(ConvolutionMaker):
    """The released convolutions."""

    depths = (18, 34, 50)

    def stem(self, x: Tensor, width: int, name: str) -> Tensor:
        """7 x 7 x 7; a clip loses six frames."""
        return convolve(x, width, (7, 7, 7), (1, 2, 2), (0, 3, 3), name)

    def pool(self, x: Tensor, name: str) -> Tensor:
        """Halves length, height and width."""
        return max_pool(x, self.rank, name)

    def reduce(self, x: Tensor, filters: int, block: int, name: str) -> Tensor:
        """3 x 1 x 1."""
        return convolve(x, filters, (3, 1, 1), (1, 1, 1), (1, 0, 0), name)

    def conv3x3(
        self, x: Tensor, filters: int, stride: int, name: str, *, planes: int | None = None, position: int = 0
    ) -> Tensor:
        """1 x 3 x 3; the second convolution of a basic block is 3 x 3 x 3."""
        time = 3 if position == 1 else 1
        return convolve(x, filters, (time, 3, 3), (stride,) * 3, (int(time > 1 or stride > 1), 1, 1), name)

    def conv1x1(self, x: Tensor, filters: int, stride: int, name: str) -> Tensor:
        """1 x 1 x 1."""
        return convolve(x, filters, (1, 1, 1), (stride,) * 3, (int(stride > 1), 0, 0), name)
