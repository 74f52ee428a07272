"""ResNet-50 (He et al. 2016): 25,557,032 weights with 1000 classes and RGB input."""

import keras

from models.resnets import resnet2d
from models.resnets._network import ResidualNetwork


def build(input_shape: tuple[int, int, int], num_classes: int, dropout: float = 0.0) -> keras.Model:
    """ResNet-50 with any number of input channels.

    Args:
        input_shape: `(H, W, C)`.
        num_classes: length of the logits.
        dropout: rate before the last layer.

    Returns:
        A model `[N, H, W, C] -> [N, num_classes]`.
    """
    network = ResidualNetwork(resnet2d.Convolutions(), num_classes, 50, dropout=dropout)
    return network.part(input_shape, name="resnet50")
