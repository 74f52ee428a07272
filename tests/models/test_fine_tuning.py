"""An image network with weights from elsewhere: partial batch norm, a faster first convolution, quicker statistics."""

import dataclasses
import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

import models
import models.encoders
from launch.run.config import TrainConfig
from launch.run.optimization import make_optimizer
from launch.weights.by_name import match, weight_names, weight_values
from models import rgb, tvnet
from models.encoders import encoder_module
from models.parts.fine_tuning import PARTIAL, first_conv_rates, freeze_batch_norms
from tests.models.test_encoders import SIZE, SLOW
from tests.textures import moving_clip
from tvnet_keras.choices import module_names

SIDE = 32
FRAMES = 8
RATE = 0.25

CASES = {
    "rgb on images": (rgb, {"backbone": "small"}),
    "rgb on frames": (rgb, {"backbone": "resnet2d", "depth": 10, "width": 4}),
    "rgb on clips": (rgb, {"backbone": "resnet2plus1d", "depth": 10, "width": 4}),
    "tvnet": (tvnet, {"backbone": "small", "iterations": 2}),
}
"""Methods on an encoder, on residual networks of frames and of clips, and on an encoder behind a motion layer."""

FIRST = {
    "rgb on images": ("stage0_conv", "input_norm"),
    "rgb on frames": ("conv1_conv", "conv1_norm"),
    "rgb on clips": ("conv1_conv/spatial", "conv1_conv/norm"),
    "tvnet": ("stage0_conv", "input_norm"),
}
"""The first convolution and the first batch norm."""

NEW_OPTIONS = ("batch_norm", "first_conv_rate", "norm_momentum")
"""Those that configurations of earlier versions lack."""

each_case = pytest.mark.parametrize("case", CASES)
each_encoder = pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in module_names(models.encoders)],
)


def make(case, **chosen):
    keras.utils.set_random_seed(0)
    method, options = CASES[case]
    options = method.Options(**{**options, "dropout": 0.0, **chosen})
    return method.build(num_classes=3, clip_shape=(FRAMES, SIDE, SIDE, 3), options=options)


def values(model):
    return {weight.path: np.array(ops.convert_to_numpy(weight)) for weight in model.weights}


def clips():
    return np.concatenate([moving_clip(FRAMES, SIDE, SIDE, (0.5, 0.2), seed=seed) for seed in range(2)])


@functools.cache
def updates(case, **chosen):
    """By how much one update by gradient descent, without momentum and without clipping, changes every weight."""
    method, model = CASES[case][0], make(case, **chosen)
    train = TrainConfig(optimizer="sgd", momentum=0.0, lr=RATE, schedule="constant")
    optimizer = make_optimizer(train, method.learning_rates(model.options), models.network_rates_of(model))
    optimizer.build(model.trainable_variables)
    before, batch = values(model), {"clip": clips(), "label": np.array([0, 1])}
    with tf.GradientTape() as tape:
        terms = method.objective(model.options, batch, model(batch["clip"], training=True))
        loss = tf.add_n([tf.reduce_mean(term) for term in terms.values()])
    trained = model.trainable_variables
    optimizer.apply_gradients(zip(tape.gradient(loss, trained), trained, strict=True))
    return {path: value - before[path] for path, value in values(model).items()}


@each_case
def test_of_partial_batch_norm_only_the_first_learns(case):
    changes = updates(case, batch_norm=PARTIAL)
    of_norms = {path: change for path, change in changes.items() if "norm" in path}
    first = {path for path in of_norms if path.startswith(f"{FIRST[case][1]}/")}
    assert len(first) == 4 < len(of_norms)
    for path, change in of_norms.items():
        assert change.any() == (path in first), path
    # Everything else goes on learning.
    assert all(change.any() for path, change in changes.items() if path.endswith("/kernel"))
    assert all(change.any() for path, change in updates(case).items() if "norm" in path)


@pytest.mark.parametrize("case", ["rgb on clips", "tvnet"])
def test_a_frozen_batch_norm_uses_its_moving_statistics_in_training(case):
    model = make(case, batch_norm=PARTIAL)
    # The first one's moving statistics made those of the batch, training and test are the same computation.
    (norm,) = [layer for layer in layers_of(model) if is_norm(layer) and layer.trainable]
    norm.trainable = False
    logits = [ops.convert_to_numpy(model(clips(), training=training)["logits"]) for training in (False, True)]
    np.testing.assert_array_equal(*logits)
    usual = make(case)
    assert np.abs(usual(clips(), training=True)["logits"] - usual(clips(), training=False)["logits"]).max() > 1e-3


def layers_of(layer):
    return layer._flatten_layers()


def is_norm(layer):
    return isinstance(layer, keras.layers.BatchNormalization)


@each_case
def test_moving_statistics_follow_as_slowly_as_asked_for(case):
    usual, quick = updates(case), updates(case, norm_momentum=0.5)
    first = f"{FIRST[case][1]}/moving_mean"
    # Of the first one the statistics of the batch are the same, whatever is kept of those before.
    (norm,) = [layer for layer in layers_of(make(case)) if is_norm(layer) and layer.moving_mean.path == first]
    np.testing.assert_allclose(quick[first], usual[first] * 0.5 / (1 - norm.momentum), rtol=1e-3, atol=1e-6)
    assert {layer.momentum for layer in layers_of(make(case, norm_momentum=0.5)) if is_norm(layer)} == {0.5}


@each_encoder
def test_the_first_batch_norm_of_an_encoder_sees_no_other(name, light_vgg16):
    network = encoder_module(name).build((SIZE[name], SIZE[name], 10))
    freeze_batch_norms(network, PARTIAL)
    norms = [layer for layer in layers_of(network) if is_norm(layer)]
    if not norms:
        assert not [layer for layer in layers_of(network) if not layer.trainable]
        return
    (first,) = [norm for norm in norms if norm.trainable]
    up_to_it = keras.Model(network.input, first.output)
    assert [layer for layer in up_to_it.layers if is_norm(layer)] == [first]


@each_encoder
def test_the_first_convolution_of_an_encoder_sees_the_image(name, light_vgg16):
    network = encoder_module(name).build((SIZE[name], SIZE[name], 10))
    (pattern,) = first_conv_rates(network, 5.0)
    optimizer = make_optimizer(TrainConfig(), {}, {pattern: 5.0})
    (kernel,) = [weight for weight in network.weights if optimizer.multiplier(weight.path) == 5.0]
    convolutions = [layer for layer in layers_of(network) if isinstance(layer, keras.layers.Conv2D)]
    (layer,) = [layer for layer in convolutions if layer.kernel is kernel]
    assert kernel.shape[-2] == 10
    up_to_it = keras.Model(network.input, layer.output)
    assert [inner for inner in up_to_it.layers if inner in convolutions] == [layer]


@each_case
def test_the_first_convolution_goes_five_times_as_far(case):
    (pattern,) = models.network_rates_of(make(case, first_conv_rate=5.0))
    usual, faster = updates(case), updates(case, first_conv_rate=5.0)
    first = f"{FIRST[case][0]}/kernel"
    assert f"(^|/){first}$" == pattern and usual[first].any()
    for path, change in usual.items():
        times = 5 if path == first else 1
        # Weights are rounded: what is left of a difference is a few units of their last place.
        np.testing.assert_allclose(faster[path], times * change, rtol=1e-4, atol=1e-6, err_msg=path)


@each_case
def test_by_default_everything_learns_at_its_usual_rate(case):
    model = make(case)
    assert models.network_rates_of(model) == {}
    assert all(layer.trainable for layer in layers_of(model))


@pytest.mark.parametrize("case", ["rgb on frames", "tvnet"])
def test_a_frozen_network_survives_its_file_and_its_configuration(case, tmp_path):
    model = make(case, batch_norm=PARTIAL, first_conv_rate=5.0, norm_momentum=0.5)
    trained = [weight.path for weight in model.trainable_variables]
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    again = type(model).from_config(model.get_config())
    again.build()
    for other in (loaded, again):
        assert [weight.path for weight in other.trainable_variables] == trained
        assert models.network_rates_of(other) == models.network_rates_of(model)
        assert {layer.momentum for layer in layers_of(other) if is_norm(layer)} == {0.5}
    np.testing.assert_array_equal(loaded(clips())["logits"], model(clips())["logits"])


@pytest.mark.parametrize("case", ["rgb on clips", "tvnet"])
def test_weights_are_found_whatever_learns(case, tmp_path):
    frozen, usual = make(case, batch_norm=PARTIAL, first_conv_rate=5.0), make(case)
    assert weight_names(frozen) == weight_names(usual)
    for number, weight in enumerate(frozen.weights):
        weight.assign(np.full(weight.shape, 0.5 + 0.01 * number, "float32"))
    frozen.save_weights(tmp_path / "model.weights.h5")
    usual.load_weights(tmp_path / "model.weights.h5")
    found, expected = values(usual), values(frozen)
    assert found.keys() == expected.keys()
    for path, value in found.items():
        np.testing.assert_array_equal(value, expected[path], err_msg=path)
    assert not match(usual, weight_values(frozen)).difference()


def test_a_file_of_before_the_options_has_their_defaults():
    options = dataclasses.asdict(rgb.Options())
    earlier = {name: value for name, value in options.items() if name not in NEW_OPTIONS}
    config = make("rgb on images").get_config()
    assert rgb.RGBClassifier.from_config({**config, "options": earlier}).options == rgb.Options()
