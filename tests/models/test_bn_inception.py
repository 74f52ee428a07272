"""BN-Inception has the channels of its table and the number of values that PyTorch counts; its poolings are Caffe's."""

import keras
import numpy as np
import pytest

from models.encoders import bn_inception
from models.encoders.bn_inception import from_torch
from models.parts.classifier import image_classifier
from models.parts.input_scaling import input_scaling
from tests.image_network_oracle import pooled

# Of the published description: 1 x 1 | 3 x 3 reduced, 3 x 3 | double reduced, first, second | behind the pooling.
TABLE = """
3a  64   64  64   64  96  96   32
3b  64   64  96   64  96  96   64
3c   -  128 160   64  96  96    -
4a 224   64  96   96 128 128  128
4b 192   96 128   96 128 128  128
4c 160  128 160  128 160 160  128
4d  96  128 192  160 192 192  128
4e   -  128 192  192 256 256    -
5a 352  192 320  160 224 224  128
5b 352  192 320  192 224 224  128
"""

BRANCHES = ("1x1", "3x3_reduce", "3x3", "double_3x3_reduce", "double_3x3_1", "double_3x3_2", "pool_proj")

SIZES = {"1x1": 1, "3x3": 3, "double_3x3_1": 3, "double_3x3_2": 3}


def expected_kernels():
    """Shapes of all kernels by layer."""
    found = {"conv1_7x7_s2": (7, 7, 3, 64), "conv2_3x3_reduce": (1, 1, 64, 64), "conv2_3x3": (3, 3, 64, 192)}
    before = 192
    for line in TABLE.split("\n")[1:-1]:
        block, *widths = line.split()
        out = {name: int(width) for name, width in zip(BRANCHES, widths, strict=True) if width != "-"}
        seen = {"3x3": "3x3_reduce", "double_3x3_1": "double_3x3_reduce", "double_3x3_2": "double_3x3_1"}
        for name, width in out.items():
            size, channels = SIZES.get(name, 1), out.get(seen.get(name), before)
            found[f"inception_{block}_{name}"] = (size, size, channels, width)
        before = sum(out.get(name, 0) for name in ("1x1", "3x3", "double_3x3_2")) + out.get("pool_proj", before)
    return found


def test_layers_and_values_are_the_published_ones(only_shapes):
    network = image_classifier("bn_inception", (64, 64, 3), 1000)
    convolutions = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    kernels = {layer.name.removesuffix("_conv"): tuple(layer.kernel.shape) for layer in convolutions}
    assert kernels == expected_kernels() and len(kernels) == 69
    halving = {layer.name.removesuffix("_conv") for layer in convolutions if layer.strides == (2, 2)}
    assert halving == {"conv1_7x7_s2"} | {
        f"inception_{block}_{end}" for block in ("3c", "4e") for end in ("3x3", "double_3x3_2")
    }
    # A kernel, a bias, gamma and beta each, and the classifier on 1024 channels; means and variances are not trained.
    expected = sum(int(np.prod(shape)) + 3 * shape[-1] for shape in kernels.values()) + 1024 * 1000 + 1000
    assert expected == sum(int(np.prod(weight.shape)) for weight in network.trainable_weights) == 11_295_240
    assert network.count_params() - expected == 2 * sum(shape[-1] for shape in kernels.values())
    assert network.get_layer("mean").input.shape == (None, 2, 2, 1024)


def test_poolings_count_as_caffe_does():
    features = np.random.default_rng(0).random((1, 6, 8, 2), dtype="float32")
    first = np.moveaxis(features, -1, 1)
    for made, expected in (
        (bn_inception._halved(features, "halved"), pooled(first, np.max, 3, 2)),
        (bn_inception._pooled(features, "average", "mean"), pooled(first, np.mean, 3, 1, 1)),
        (bn_inception._pooled(features, "max", "most"), pooled(first, np.max, 3, 1, 1)),
    ):
        np.testing.assert_allclose(np.moveaxis(made, -1, 1), expected, atol=1e-6)


def test_weights_that_saw_blue_first_are_turned_to_red_first():
    kernel = np.random.default_rng(0).random((64, 3, 7, 7))
    name, ours = from_torch("conv1_7x7_s2.weight", kernel)
    assert name == "conv1_7x7_s2_conv/kernel"
    np.testing.assert_array_equal(ours[:, :, 0, 5], kernel[5, 2])
    flow = np.random.default_rng(0).random((64, 10, 7, 7))
    np.testing.assert_array_equal(from_torch("conv1_7x7_s2.weight", flow)[1][:, :, 0, 5], flow[5, 0])


@pytest.mark.parametrize("classifier", ["last_linear", "fc"])
def test_the_classifier_has_either_name(classifier):
    name, kernel = from_torch(f"{classifier}.weight", np.zeros((5, 1024)))
    assert (name, kernel.shape) == ("logits/kernel", (1024, 5))


def test_frames_are_0_to_255_without_caffes_means():
    frames = np.random.default_rng(0).integers(0, 256, (1, 2, 4, 4, 3)).astype("float32")
    blue_green_red = frames[..., ::-1] - (104, 117, 123)
    np.testing.assert_allclose(input_scaling(bn_inception.SCALING)(frames / 255), blue_green_red[..., ::-1], atol=1e-4)
