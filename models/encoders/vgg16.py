"""VGG-16 (Simonyan and Zisserman, ICLR 2015): thirteen convolutions, fc6 and fc7.

138,357,544 values with 1000 classes and RGB input.
"""

from typing import cast

import keras
import numpy as np
from keras import layers

from tvnet_keras.typing import Tensor

from ..parts.torch_layers import linear_weight

STRIDES = (2, 4, 8, 16, 32)

SCALING = "vgg"
"""The range that Keras's weights expect; torchvision's, which `launch.convert` reads, expect "imagenet".

Networks on flow see -1..1, a hundredth of "vgg", and here no normalisation makes up for it: torchvision's weights are
the better start for them.
"""

CONVOLUTIONS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""Channels and number of the convolutions between the poolings."""

DENSE = 4096
"""Channels of fc6 and fc7."""

DENSE_SIZE = 7
"""Height and width of the features that fc6 sees, in positions."""

DROPOUT = 0.5
"""The published rate behind fc6; that behind fc7 is the classifier's."""

MINIMUM_SIZE = 193
"""Smallest height and width, in pixels, that leave fc6 its seven positions."""

TORCH_LAYERS = {
    **dict(
        zip(
            (f"features.{number}" for number in (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)),
            (f"conv{k}_{n}" for k, (_, count) in enumerate(CONVOLUTIONS, 1) for n in range(1, count + 1)),
            strict=True,
        )
    ),
    "classifier.0": "fc6",
    "classifier.3": "fc7",
    "classifier.6": "logits",
}
"""Layers in torchvision's file and here."""


def build(input_shape: tuple[int, int, int]) -> keras.Model:
    """The network without its classifier, fully convolutional: fc6 is a 7 x 7 convolution, fc7 a 1 x 1.

    Stages 1 to 4 are what the second to the fifth pooling see. Stage 5 is fc7: one position for an image of 224 pixels,
    six fewer than the image divided by 32 for a larger one. Their mean, which a classifier takes, is the paper's dense
    evaluation.

    Args:
        input_shape: `(H, W, C)`, at least 193 x 193 pixels, any number of channels.

    Returns:
        A model `[N, H, W, C] -> {"stage1": [N, H / 2, W / 2, 128], "stage2": [..., 256], "stage3": [..., 512],
        "stage4": [N, H / 16, W / 16, 512], "stage5": [N, H / 32 - 6, W / 32 - 6, 4096]}`, sizes rounded up.

    Raises:
        ValueError: the input is smaller than 193 pixels.
    """
    if min(input_shape[:2]) < MINIMUM_SIZE:
        raise ValueError(f"vgg16 needs at least {MINIMUM_SIZE} x {MINIMUM_SIZE} pixels. Received: {input_shape}")
    inputs = x = cast(Tensor, keras.Input(input_shape))  # Of one shape: no list.
    stages = {}
    for number, (filters, count) in enumerate(CONVOLUTIONS, start=1):
        for position in range(1, count + 1):
            x = _convolved(x, filters, 3, "same", f"conv{number}_{position}")
        if number > 1:
            stages[f"stage{number - 1}"] = x
        # As in Caffe, for which the network was published, an odd row or column is kept.
        x = layers.MaxPooling2D(2, 2, "same", name=f"pool{number}")(x)
    x = _convolved(x, DENSE, DENSE_SIZE, "valid", "fc6")
    x = layers.Dropout(DROPOUT, name="fc6_dropout")(x)
    stages["stage5"] = _convolved(x, DENSE, 1, "valid", "fc7")
    return keras.Model(inputs, stages, name="vgg16")


def imagenet() -> keras.Model:
    """The encoder of RGB images with Keras's ImageNet weights (550 MB, downloaded by Keras on first use)."""
    source = keras.applications.VGG16(weights="imagenet")
    network = build((224, 224, 3))
    # Keras names the same layers otherwise, and has the classifier behind them.
    there = [layer.get_weights() for layer in source.layers if layer.weights][:-1]
    here = [layer for layer in network.layers if layer.weights]
    for layer, (kernel, bias) in zip(here, there, strict=True):
        if kernel.shape[2:3] == (3,):
            kernel = kernel[:, :, ::-1]  # Keras turns frames to blue, green, red for it; ours stay as they are.
        layer.set_weights([kernel.reshape(layer.kernel.shape), bias])
    return network


def from_torch(name: str, value: np.ndarray) -> tuple[str, np.ndarray]:
    """Name and value here of a weight of torchvision's file (`features.0.weight`, `classifier.0.weight`)."""
    module, _, parameter = name.rpartition(".")
    layer = TORCH_LAYERS.get(module, module)
    size = {"fc6": DENSE_SIZE, "fc7": 1}.get(layer)
    if size and value.ndim == 2 and value.shape[1] % size**2 == 0:
        # PyTorch strings out its features by channels, then by rows.
        value = value.reshape(len(value), -1, size, size)
    return linear_weight(layer, parameter, value)


def _convolved(x: Tensor, filters: int, kernel: int, padding: str, name: str) -> Tensor:
    """A rectified convolution; He's initialisation, for nothing normalises the features on their long way."""
    convolution = layers.Conv2D(filters, kernel, padding=padding, kernel_initializer="he_normal", name=name)
    return layers.ReLU(name=f"{name}_relu")(convolution(x))
