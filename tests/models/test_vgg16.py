"""VGG-16 has the published number of values, and Keras's weights of it answer here as there."""

import keras
import numpy as np
import pytest

from models.encoders import vgg16
from models.encoders.vgg16 import build, from_torch, imagenet
from models.parts.classifier import image_classifier
from models.parts.input_scaling import input_scaling


def test_layers_and_values_are_the_published_ones(only_shapes):
    network = image_classifier("vgg16", (224, 224, 3), 1000)
    kernels = {layer.name: tuple(layer.weights[0].shape) for layer in network.layers if layer.weights}
    before, expected = 3, {}
    for block, (width, count) in enumerate(((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)), start=1):
        for number in range(1, count + 1):
            expected[f"conv{block}_{number}"] = (3, 3, before, width)
            before = width
    expected |= {"fc6": (7, 7, 512, 4096), "fc7": (1, 1, 4096, 4096), "logits": (4096, 1000)}
    assert kernels == expected
    values = sum(int(np.prod(shape)) + shape[-1] for shape in expected.values())
    assert network.count_params() == values == 138_357_544
    assert network.get_layer("mean").input.shape == (None, 1, 1, 4096)


def test_pictures_that_leave_fc6_nothing_are_refused():
    with pytest.raises(ValueError, match=r"at least 193 x 193 pixels. Received: \(192, 224, 3\)"):
        build((192, 224, 3))


def test_what_fc6_sees_is_strung_out_by_channels_first():
    theirs = np.random.default_rng(0).random((6, 4, 7, 7))  # Four channels of seven rows and columns.
    name, ours = from_torch("classifier.0.weight", theirs.reshape(6, -1))
    assert name == "fc6/kernel"
    np.testing.assert_array_equal(ours, theirs.transpose(2, 3, 1, 0))
    # Of no such features: it is not of this network, and stays.
    assert from_torch("classifier.0.weight", np.zeros((6, 50)))[1].shape == (50, 6)


@pytest.mark.slow
def test_kerass_weights_give_kerass_logits(monkeypatch):
    keras_network = keras.applications.VGG16
    original = keras_network(weights=None, classifier_activation=None)
    for layer in original.layers:
        if layer.weights:  # Biases as if they had been trained.
            layer.bias.assign(np.random.default_rng(0).normal(0, 0.1, layer.bias.shape))
    with monkeypatch.context() as patched:
        patched.setattr(keras.applications, "VGG16", lambda weights: original)
        encoder = imagenet()
    frames = np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3)).astype("float32")
    expected = original(keras.applications.vgg16.preprocess_input(frames.copy()))
    features = np.asarray(encoder(input_scaling(vgg16.SCALING)(frames / 255))["stage5"])[:, 0, 0]
    kernel, bias = original.layers[-1].get_weights()
    np.testing.assert_allclose(features @ kernel + bias, expected, rtol=1e-3, atol=1e-3)
