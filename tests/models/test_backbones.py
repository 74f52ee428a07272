import keras
import numpy as np
import pytest

import models.backbones
from tvnet_keras.choices import load_module, module_names

SIZE = {"inception_v3": 75}
"""Smallest input, where 32 pixels are too few."""

SLOW = ("inception_v3", "resnet34", "resnet50")

RESNET_WEIGHTS = {"resnet18": 11_689_512, "resnet34": 21_797_672, "resnet50": 25_557_032}
"""Trainable weights with 1000 classes and RGB, as torchvision counts them."""


def load(name):
    return load_module(models.backbones, "backbone", name)


@pytest.fixture(
    params=[
        pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in module_names(models.backbones)
    ]
)
def name(request):
    return request.param


def test_the_folder_holds_a_small_and_a_full_size_backbone():
    assert {"small", "resnet18", "inception_v3"} <= set(module_names(models.backbones))


@pytest.mark.parametrize("channels", [3, 10])
def test_a_backbone_gives_logits_for_any_channels(name, channels):
    height = SIZE.get(name, 32)
    network = load(name).build((height, height + 9, channels), 5, 0.5)
    pictures = np.random.default_rng(0).random((2, height, height + 9, channels), dtype="float32")
    logits = network(pictures)
    assert network.output_shape == (None, 5) and logits.shape == (2, 5)
    assert np.isfinite(logits).all() and np.abs(logits[0] - logits[1]).max() > 0


def test_a_backbone_survives_its_file(name, tmp_path):
    network = load(name).build((SIZE.get(name, 32),) * 2 + (3,), 4, 0.0)
    network.save(tmp_path / "network.keras")
    pictures = np.random.default_rng(0).random((1, *network.input_shape[1:]), dtype="float32")
    np.testing.assert_allclose(
        keras.saving.load_model(tmp_path / "network.keras")(pictures), network(pictures), atol=1e-5
    )


def test_logits_stay_float32_under_mixed_precision(name):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        network = load(name).build((SIZE.get(name, 32),) * 2 + (3,), 4)
    finally:
        keras.config.set_dtype_policy("float32")
    assert network.output.dtype == "float32"


def count(weights):
    return sum(int(np.prod(weight.shape)) for weight in weights)


@pytest.mark.parametrize("name", RESNET_WEIGHTS)
def test_a_resnet_has_the_papers_weights(name):
    network = load(name).build((224, 224, 3), 1000)
    assert count(network.trainable_weights) == RESNET_WEIGHTS[name]
    assert network.get_layer("pool").input.shape[:3] == (None, 7, 7)


def test_resnet18_halves_the_size_where_the_paper_does():
    network = load("resnet18").build((112, 160, 10), 7)
    sizes = [network.get_layer(f"layer{stage}_1_relu2").output.shape[1:] for stage in range(1, 5)]
    assert sizes == [(28, 40, 64), (14, 20, 128), (7, 10, 256), (4, 5, 512)]


def test_the_small_backbone_is_small():
    assert count(load("small").build((64, 64, 10), 12).trainable_weights) < 150_000


def test_inception_refuses_pictures_that_it_would_shrink_to_nothing():
    with pytest.raises(ValueError, match=r"at least 75 x 75 pixels. Received: \(74, 80, 3\)"):
        load("inception_v3").build((74, 80, 3), 5)


@pytest.mark.slow
def test_inception_takes_every_weight_of_its_rgb_original(monkeypatch):
    from launch.init_from import transfer_images

    original = keras.applications.InceptionV3(include_top=False, weights=None, pooling="avg")
    with monkeypatch.context() as downloaded:
        downloaded.setattr(keras.applications, "InceptionV3", lambda **options: original)
        source = load("inception_v3").imagenet()
    picture = np.random.default_rng(0).random((1, 80, 80, 3), dtype="float32")
    np.testing.assert_allclose(source(picture), original(picture), atol=1e-6)
    target = load("inception_v3").build((75, 75, 10), 5)
    assert transfer_images(source, target) == len(source.weights) == len(target.weights) - 2
    for ours, theirs in zip(target.weights[1:-2], source.weights[1:], strict=True):
        np.testing.assert_array_equal(ours, theirs, err_msg=ours.path)
