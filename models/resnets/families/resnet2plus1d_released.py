"""The (2+1)D ResNet of Representation Flow's released Kinetics model: time, then space, without planes between them.

All blocks are bottlenecks. The first 1 x 1 convolution of a bottleneck is 3 x 1 x 1 in blocks 0, 1, 3 and 5 of a stage;
the 3 x 3 convolution is 1 x 3 x 3. Only the first convolution and the pooling shorten the clip. Unlike in the released
code, the first convolution is zero-padded, so that clips of any length go through, and a shortcut has one batch norm,
not two. `resnet2plus1d_kinetics` has the released borders.
"""

from tvnet_keras.typing import Tensor

from ..convolutions import ConvolutionMaker, convolve, max_pool


class Convolutions(ConvolutionMaker):
    """Convolutions of time and of space by turns."""

    depths = (50,)

    def stem(self, x: Tensor, width: int, name: str) -> Tensor:
        """7 x 7 x 7."""
        return convolve(x, width, (7, 7, 7), (2, 2, 2), (3, 3, 3), name)

    def pool(self, x: Tensor, name: str) -> Tensor:
        """Halves length, height and width."""
        return max_pool(x, self.rank, name)

    def reduce(self, x: Tensor, filters: int, block: int, name: str) -> Tensor:
        """3 x 1 x 1 in blocks 0, 1, 3, 5; 1 x 1 x 1 in blocks 2, 4."""
        time = 3 if block == 0 or block % 2 else 1
        return convolve(x, filters, (time, 1, 1), (1, 1, 1), (time // 2, 0, 0), name)

    def conv3x3(
        self, x: Tensor, filters: int, stride: int, name: str, *, planes: int | None = None, position: int = 0
    ) -> Tensor:
        """1 x 3 x 3."""
        return convolve(x, filters, (1, 3, 3), (1, stride, stride), (0, 1, 1), name)

    def conv1x1(self, x: Tensor, filters: int, stride: int, name: str) -> Tensor:
        """1 x 1 x 1; time keeps its length."""
        return convolve(x, filters, (1, 1, 1), (1, stride, stride), (0, 0, 0), name)
