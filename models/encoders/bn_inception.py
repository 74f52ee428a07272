"""BN-Inception (Ioffe and Szegedy, ICML 2015) as published for Caffe: the image network of the papers on two streams.

11,295,240 trained values with 1000 classes and RGB input. Keras has no weights of it; `launch.convert` reads the files
in which PyTorch users pass on those of Caffe.
"""

from typing import NamedTuple, cast

import keras
import numpy as np
from keras import layers

from tvnet_keras.layers.batch_norm import BATCH_NORM
from tvnet_keras.typing import Tensor

from ..parts.torch_layers import linear_weight, norm_weight

STRIDES = (2, 4, 8, 16, 32)

SCALING = "caffe"
"""The range that Caffe's weights expect, which `launch.convert` reads. They saw blue first; the converted first kernel
expects red first, as frames are everywhere else here."""

STEM = (64, 64, 192)
"""Channels of the 7 x 7 convolution, and of the 1 x 1 and the 3 x 3 behind its pooling."""


class Block(NamedTuple):
    """Channels of a block of branches, which are put side by side.

    Attributes:
        single: the 1 x 1 convolution; 0 in the two blocks that halve height and width and have none.
        triple: a 1 x 1 and a 3 x 3.
        double: a 1 x 1 and two 3 x 3.
        projection: the 1 x 1 behind the pooling; 0 in those two blocks, which leave the pooled features as they are.
        pooling: "average" or "max".
    """

    single: int
    triple: tuple[int, int]
    double: tuple[int, int, int]
    projection: int
    pooling: str


BLOCKS = {
    "3a": Block(64, (64, 64), (64, 96, 96), 32, "average"),
    "3b": Block(64, (64, 96), (64, 96, 96), 64, "average"),
    "3c": Block(0, (128, 160), (64, 96, 96), 0, "max"),
    "4a": Block(224, (64, 96), (96, 128, 128), 128, "average"),
    "4b": Block(192, (96, 128), (96, 128, 128), 128, "average"),
    "4c": Block(160, (128, 160), (128, 160, 160), 128, "average"),
    "4d": Block(96, (128, 192), (160, 192, 192), 128, "average"),
    "4e": Block(0, (128, 192), (192, 256, 256), 0, "max"),
    "5a": Block(352, (192, 320), (160, 224, 224), 128, "average"),
    "5b": Block(352, (192, 320), (192, 224, 224), 128, "max"),
}

STAGE_ENDS = {"3b": "stage3", "4d": "stage4", "5b": "stage5"}
"""The last blocks of every size."""

FIRST = "conv1_7x7_s2"

CLASSIFIERS = ("last_linear", "fc")
"""What files of PyTorch call the classifier."""


def build(input_shape: tuple[int, int, int]) -> keras.Model:
    """The network without its classifier.

    Stages 1 and 2 are what the two poolings of the stem see; stages 3, 4 and 5 are the last blocks of each size.

    Args:
        input_shape: `(H, W, C)`, any number of channels.

    Returns:
        A model `[N, H, W, C] -> {"stage1": [N, H / 2, W / 2, 64], "stage2": [..., 192], "stage3": [..., 320], "stage4":
        [..., 608], "stage5": [N, H / 32, W / 32, 1024]}`, sizes rounded up.

    Example:
        >>> build((64, 64, 3)).output["stage5"].shape
        (None, 2, 2, 1024)
    """
    inputs = cast(Tensor, keras.Input(input_shape))  # Of one shape: no list.
    first, reduced, second = STEM
    stages = {"stage1": _convolved(inputs, first, 7, FIRST, stride=2)}
    x = _convolved(_halved(stages["stage1"], "pool1_3x3_s2"), reduced, 1, "conv2_3x3_reduce")
    stages["stage2"] = _convolved(x, second, 3, "conv2_3x3")
    x = _halved(stages["stage2"], "pool2_3x3_s2")
    for name, block in BLOCKS.items():
        x = _block(x, block, f"inception_{name}")
        if name in STAGE_ENDS:
            stages[STAGE_ENDS[name]] = x
    return keras.Model(inputs, stages, name="bn_inception")


def from_torch(name: str, value: np.ndarray) -> tuple[str, np.ndarray]:
    """Name and value here of a weight of the file that PyTorch users pass on (`inception_3a_3x3_reduce_bn.weight`)."""
    module, _, parameter = name.rpartition(".")
    if module in CLASSIFIERS:
        return linear_weight("logits", parameter, value)
    if module.endswith("_bn"):
        return norm_weight(f"{module.removesuffix('_bn')}_norm", parameter, value)
    if module == FIRST and value.ndim > 1:
        # Their frames are blue, green, red; a file for flow has other channels, which stay in order.
        value = value[:, ::-1] if value.shape[1] == 3 else value
    return linear_weight(f"{module}_conv", parameter, value)


def _block(x: Tensor, block: Block, name: str) -> Tensor:
    stride = 1 if block.single else 2
    branches = [_convolved(x, block.single, 1, f"{name}_1x1")] if block.single else []
    triple = _convolved(x, block.triple[0], 1, f"{name}_3x3_reduce")
    branches.append(_convolved(triple, block.triple[1], 3, f"{name}_3x3", stride))
    double = _convolved(x, block.double[0], 1, f"{name}_double_3x3_reduce")
    double = _convolved(double, block.double[1], 3, f"{name}_double_3x3_1")
    branches.append(_convolved(double, block.double[2], 3, f"{name}_double_3x3_2", stride))
    pooled = _halved(x, f"{name}_pool") if stride == 2 else _pooled(x, block.pooling, f"{name}_pool")
    branches.append(_convolved(pooled, block.projection, 1, f"{name}_pool_proj") if block.projection else pooled)
    return layers.concatenate(branches, name=f"{name}_output")


def _convolved(x: Tensor, filters: int, kernel: int, name: str, stride: int = 1) -> Tensor:
    """Convolution, batch normalisation and rectifier; the bias, which normalisation takes away, is in Caffe's weights.

    The padding is symmetric, as in Caffe; Keras's "same" would pad strided convolutions more at the end.
    """
    if kernel > 1:
        x = layers.ZeroPadding2D(kernel // 2, name=f"{name}_pad")(x)
    x = layers.Conv2D(filters, kernel, stride, name=f"{name}_conv")(x)
    x = layers.BatchNormalization(**BATCH_NORM, name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def _halved(x: Tensor, name: str) -> Tensor:
    """The maximum of three at every second position.

    Caffe rounds sizes up and lets the last window stick out (ceil mode): at even sizes that is Keras's "same". At odd
    sizes Caffe's pooling gives one position less than the convolutions beside it, and the blocks do not fit together;
    "same" gives as many as they do.
    """
    return layers.MaxPooling2D(3, 2, "same", name=name)(x)


def _pooled(x: Tensor, pooling: str, name: str) -> Tensor:
    """The average or the maximum of three by three positions around each."""
    if pooling == "max":
        return layers.MaxPooling2D(3, 1, "same", name=name)(x)
    # Caffe divides by nine at the border too, where Keras's "same" counts what lies inside only.
    return layers.AveragePooling2D(3, 1, name=name)(layers.ZeroPadding2D(1, name=f"{name}_pad")(x))
