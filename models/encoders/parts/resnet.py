"""Residual networks on images, with any number of input channels."""

import keras

from ...resnets.families import resnet2d
from ...resnets.network import ResidualNetwork

STRIDES = (2, 4, 8, 16, 32)

SCALING = "imagenet"
"""The range that torchvision's weights expect, which `launch.convert` reads; Keras has none of these networks."""


def build_resnet(depth: int, input_shape: tuple[int, int, int]) -> keras.Model:
    """A residual network of a given depth as an encoder.

    Stage 1 is the first convolution with its ReLU; stages 2 to 5 are the four stages of residual blocks (layer1 to
    layer4 in other code). The first of these sees stage 1 after maximum pooling.

    Args:
        depth: 18, 34 or 50.
        input_shape: `(H, W, C)`.

    Returns:
        A model `[N, H, W, C] -> {"stage1": [N, H / 2, W / 2, 64], ..., "stage5": [N, H / 32, W / 32, 512]}`, sizes
        rounded up; 2048 channels at depth 50.
    """
    return ResidualNetwork(resnet2d.Convolutions(), depth=depth).stages(input_shape, name=f"resnet{depth}")
