"""Every encoder of models/encoders/, found by listing the folder, keeps the contract that its package states."""

import keras
import numpy as np
import pytest
from keras import ops

import models.encoders
from launch.weights.by_name import weight_names
from models.encoders import encoder_module, imagenet_of, pooling_of, scaling_of, stage_names
from models.parts.classifier import classify, image_classifier
from models.parts.input_scaling import MEAN_AND_DEVIATION, input_scaling
from tests.checkpoints import assert_a_checkpoint_holds_every_weight
from tvnet_keras.choices import module_names
from tvnet_keras.errors import InputError

SIZE = {name: vars(encoder_module(name)).get("MINIMUM_SIZE", 32) for name in module_names(models.encoders)}
"""Height and width of the smallest images of every encoder."""

UNPADDED = {"inception_v3": 5, "vgg16": 6}
"""Pixels by which stages are smaller than the image divided by their stride, at most."""

SLOW = ("bn_inception", "efficientnet_lite0", "inception_v3", "resnet34", "resnet50", "vgg16")
"""The large encoders."""

RESNET_WEIGHTS = {"resnet18": 11_689_512, "resnet34": 21_797_672, "resnet50": 25_557_032}
"""Trainable weights with 1000 classes and RGB, as torchvision counts them."""


@pytest.fixture(
    params=[
        pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in module_names(models.encoders)
    ]
)
def name(request, light_vgg16):
    return request.param


def array(tensor):
    return ops.convert_to_numpy(tensor)


def stages_of(encoder):
    """Shapes of an encoder's stages, without the batch."""
    return [encoder.output[stage].shape[1:] for stage in stage_names(encoder)]


def pictures(height, width, channels, count=2):
    return np.random.default_rng(0).random((count, height, width, channels), dtype="float32")


def test_the_folder_holds_a_small_and_a_full_size_encoder():
    assert {"small", "resnet18", "inception_v3"} <= set(module_names(models.encoders))


@pytest.mark.parametrize("channels", [1, 3, 10])
def test_stages_come_by_name_from_fine_to_coarse(name, channels):
    least = SIZE[name]
    height, width = least + 6, least + 15  # odd, not square
    encoder = encoder_module(name).build((height, width, channels))
    strides = encoder_module(name).STRIDES
    assert encoder.name == name and stage_names(encoder) == [f"stage{k + 1}" for k in range(len(strides))]
    assert set(encoder.output) == set(stage_names(encoder))
    outputs = encoder(pictures(height, width, channels))
    for stage, stride, shape in zip(stage_names(encoder), strides, stages_of(encoder), strict=True):
        assert outputs[stage].shape == (2, *shape) and np.isfinite(array(outputs[stage])).all()
        for side, found in zip((height, width), shape, strict=False):
            assert -(-side // stride) - UNPADDED.get(name, 0) <= found <= -(-side // stride), stage


def test_every_stage_has_half_the_size_of_the_one_before(name):
    strides = encoder_module(name).STRIDES
    assert list(strides) == [2 ** (k + 1) for k in range(len(strides))]
    # Two strides of the coarsest more: so many positions more as a stage's stride goes into them, padded or not.
    size, more = SIZE[name], 2 * strides[-1]
    smaller, larger = (stages_of(encoder_module(name).build((side, side, 3))) for side in (size, size + more))
    for stride, before, after in zip(strides, smaller, larger, strict=True):
        assert after[0] - before[0] == after[1] - before[1] == more // stride


def test_stages_are_not_negative_and_differ_between_pictures(name):
    size = SIZE[name]
    encoder = encoder_module(name).build((size, size, 3))
    for stage, features in encoder(pictures(size, size, 3)).items():
        features = array(features)
        assert features.min() >= 0 and np.abs(features[0] - features[1]).max() > 0, stage


def test_a_stage_knows_nothing_of_the_coarser_ones(name):
    size = SIZE[name]
    encoder = encoder_module(name).build((size, size, 3))
    before = encoder(pictures(size, size, 3))
    stages = stage_names(encoder)
    # What lies behind the finest stage, changed.
    fine = keras.Model(encoder.input, encoder.output[stages[0]])
    kept = {id(weight) for weight in fine.weights}
    for weight in encoder.weights:
        if id(weight) not in kept:
            weight.assign(array(weight) * 0.5)
    after = encoder(pictures(size, size, 3))
    np.testing.assert_array_equal(array(after[stages[0]]), array(before[stages[0]]))
    assert np.abs(array(after[stages[-1]]) - array(before[stages[-1]])).max() > 0


@pytest.mark.parametrize("channels", [3, 10])
def test_a_classifier_stands_on_the_last_stage(name, channels):
    height = SIZE[name]
    network = image_classifier(name, (height, height + 9, channels), 5, 0.5)
    logits = network(pictures(height, height + 9, channels))
    assert network.output_shape == (None, 5) and logits.shape == (2, 5) and network.name == name
    assert np.isfinite(logits).all() and np.abs(logits[0] - logits[1]).max() > 0
    encoder = encoder_module(name).build((height, height + 9, channels))
    assert weight_names(network) == [*weight_names(encoder), "logits/kernel", "logits/bias"]


def test_logits_are_a_line_through_the_pooled_last_stage(name):
    size = SIZE[name]
    network, encoder = image_classifier(name, (size, size, 3), 5), encoder_module(name).build((size, size, 3))
    encoder.set_weights(network.get_weights()[:-2])
    last = array(encoder(pictures(size, size, 3))[stage_names(encoder)[-1]])
    pooled = np.concatenate([getattr(last, how)(axis=(1, 2)) for how in pooling_of(name)], axis=-1)
    kernel, bias = network.get_weights()[-2:]
    expected = pooled @ kernel + bias
    np.testing.assert_allclose(network(pictures(size, size, 3)), expected, atol=1e-4 * max(1, np.abs(expected).max()))


def test_a_classifier_survives_its_file(name, tmp_path):
    network = image_classifier(name, (SIZE[name],) * 2 + (3,), 4, 0.0)
    network.save(tmp_path / "network.keras")
    shown = pictures(*network.input_shape[1:], count=1)
    np.testing.assert_allclose(keras.saving.load_model(tmp_path / "network.keras")(shown), network(shown), atol=1e-5)


def test_a_tensorflow_checkpoint_of_a_classifier_holds_every_weight(name, tmp_path):
    size = SIZE[name]
    assert_a_checkpoint_holds_every_weight(lambda: image_classifier(name, (size, size, 3), 4), tmp_path / "checkpoint")


def test_logits_stay_float32_under_mixed_precision(name):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        network = image_classifier(name, (SIZE[name],) * 2 + (3,), 4)
    finally:
        keras.config.set_dtype_policy("float32")
    assert network.output.dtype == "float32"


def test_a_head_over_clips_pools_time_too():
    features = np.random.default_rng(0).random((2, 3, 4, 5, 6), dtype="float32")
    inputs = keras.Input(features.shape[1:])
    head = keras.Model(inputs, classify(inputs, 7, pooling=("max",), prefix="rgb_"))
    kernel, bias = head.get_weights()
    np.testing.assert_allclose(head(features), features.max(axis=(1, 2, 3)) @ kernel + bias, atol=1e-5)
    assert weight_names(head) == ["rgb_logits/kernel", "rgb_logits/bias"]


def test_an_encoder_that_is_not_there_is_told_the_nearest():
    for ask in (encoder_module, pooling_of, scaling_of, imagenet_of):
        with pytest.raises(InputError, match=r"^backbone is 'resnet19'.* Did you mean 'resnet1?"):
            ask("resnet19")


def test_imagenet_weights_say_the_range_of_their_frames():
    weighted = [name for name in module_names(models.encoders) if imagenet_of(name) is not None]
    assert weighted and {scaling_of(name) for name in weighted} <= set(MEAN_AND_DEVIATION)


@pytest.mark.parametrize(
    ("name", "preprocess"),
    [
        ("inception_v3", keras.applications.inception_v3.preprocess_input),
        # Keras's name for what torchvision's weights were trained with.
        ("resnet34", lambda frames: keras.applications.imagenet_utils.preprocess_input(frames, mode="torch")),
        # Keras turns frames to blue, green, red; our first kernel is turned instead.
        ("vgg16", lambda frames: keras.applications.vgg16.preprocess_input(frames)[..., ::-1]),
    ],
)
def test_frames_are_scaled_as_the_weights_owner_does(name, preprocess):
    frames = np.random.default_rng(0).integers(0, 256, (1, 2, 8, 8, 3)).astype("float32")
    scaled = input_scaling(scaling_of(name))(frames / 255)
    np.testing.assert_allclose(scaled, preprocess(frames.copy()), atol=1e-5)


def count(weights):
    return sum(int(np.prod(weight.shape)) for weight in weights)


@pytest.mark.parametrize("name", RESNET_WEIGHTS)
def test_a_resnet_has_the_papers_weights(name, without_values):
    network = image_classifier(name, (224, 224, 3), 1000)
    assert count(network.trainable_weights) == RESNET_WEIGHTS[name]
    assert network.get_layer("mean").input.shape[:3] == (None, 7, 7)


def test_resnet18_halves_the_size_where_the_paper_does(without_values):
    encoder = encoder_module("resnet18").build((112, 160, 10))
    assert stages_of(encoder) == [(56, 80, 64), (28, 40, 64), (14, 20, 128), (7, 10, 256), (4, 5, 512)]
    sizes = [encoder.get_layer(f"layer{stage}_1_relu2").output.shape[1:] for stage in range(1, 5)]
    assert sizes == stages_of(encoder)[1:]


@pytest.mark.slow
def test_inceptions_stages_are_its_last_blocks_of_every_size():
    encoder = encoder_module("inception_v3").build((299, 299, 3))
    assert stages_of(encoder) == [(147, 147, 64), (71, 71, 192), (35, 35, 288), (17, 17, 768), (8, 8, 2048)]


def test_the_small_encoder_is_small():
    assert count(image_classifier("small", (64, 64, 10), 12).trainable_weights) < 150_000


def test_inception_refuses_pictures_that_it_would_shrink_to_nothing():
    with pytest.raises(ValueError, match=r"at least 75 x 75 pixels. Received: \(74, 80, 3\)"):
        encoder_module("inception_v3").build((74, 80, 3))


@pytest.mark.slow
def test_inception_takes_every_weight_of_its_rgb_original(monkeypatch):
    from launch.weights.init_from import transfer_images

    keras_network = keras.applications.InceptionV3
    original = keras_network(include_top=False, weights=None)

    def downloaded(weights, **options):
        return original if weights == "imagenet" else keras_network(weights=weights, **options)

    with monkeypatch.context() as patched:
        patched.setattr(keras.applications, "InceptionV3", downloaded)
        source = encoder_module("inception_v3").imagenet()
    picture = pictures(75, 75, 3, count=1)
    np.testing.assert_allclose(source(picture)["stage5"], original(picture), atol=1e-6)
    target = image_classifier("inception_v3", (75, 75, 10), 5)
    assert len(transfer_images(source, target).taken) == len(source.weights) == len(target.weights) - 2
    for ours, theirs in zip(target.weights[1:-2], source.weights[1:], strict=True):
        np.testing.assert_array_equal(ours, theirs, err_msg=ours.path)
