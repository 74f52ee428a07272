"""Residual networks on images, with any number of input channels."""

import keras

from models.resnets import resnet2d
from models.resnets._network import ResidualNetwork


def build_resnet(depth: int, input_shape: tuple[int, int, int], num_classes: int, dropout: float = 0.0) -> keras.Model:
    """The `build` of a backbone once its depth is given.

    Args:
        depth: 18, 34 or 50.
        input_shape: `(H, W, C)`.
        num_classes: length of the logits.
        dropout: rate before the last layer.

    Returns:
        A model `[N, H, W, C] -> [N, num_classes]`.
    """
    network = ResidualNetwork(resnet2d.Convolutions(), num_classes, depth, dropout=dropout)
    return network.part(input_shape, name=f"resnet{depth}")
