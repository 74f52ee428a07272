"""The (2+1)D ResNet of Representation Flow's Table 7: every convolution sees space first, then time, as in S3D.

1 x k x k, then k x 1 x 1 with as many channels, so that there are fewer weights than in the 3D convolution; Tran et
al.'s network (`resnet2plus1d`) has more planes between the two. The paper cites Xie et al. for it and says no more:
that batch norm and ReLU stand between the two and that pooling keeps time is S3D's.

Xie et al., "Rethinking Spatiotemporal Feature Learning: Speed-Accuracy Trade-offs in Video Classification", ECCV 2018.
"""

from keras import layers

from tvnet_keras.layers.conv2plus1d import Conv2Plus1D
from tvnet_keras.typing import Tensor

from ..convolutions import ConvolutionMaker


class Convolutions(ConvolutionMaker):
    """Convolutions in two factors of equally many channels."""

    def stem(self, x: Tensor, width: int, name: str) -> Tensor:
        """1 x 7 x 7, then 7 x 1 x 1; time keeps its length."""
        return Conv2Plus1D(width, (7, 7), (1, 2), width, name=f"{name}_conv")(x)

    def pool(self, x: Tensor, name: str) -> Tensor:
        """Halves height and width; time keeps its length, as after S3D's first convolution."""
        x = layers.ZeroPadding3D((0, 1, 1), name=f"{name}_pad")(x)
        return layers.MaxPooling3D((1, 3, 3), (1, 2, 2), name=name)(x)

    def conv3x3(
        self, x: Tensor, filters: int, stride: int, name: str, *, planes: int | None = None, position: int = 0
    ) -> Tensor:
        """1 x 3 x 3, then 3 x 1 x 1."""
        return Conv2Plus1D(filters, (3, 3), (stride, stride), filters, name=f"{name}_conv")(x)
