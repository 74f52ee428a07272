"""ActionFlowNet: the paper's sizes, what each option builds, frozen parts, and a flow that is a Flow."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

import models
from models import action_flow_net
from models.action_flow_net import Options
from models.parts.flow_network import STRIDES, FlowNetwork
from tests.textures import texture
from tvnet_keras.errors import InputError

CLASSES = 5
QUICK = {"depth": 10, "width": 8}
STACKED = {"losses": ("class",), "flow_network": "frozen"}


def make(shape=(2, 32, 32, 3), **options):
    keras.utils.set_random_seed(0)
    return action_flow_net.build(num_classes=CLASSES, clip_shape=shape, options=Options(**{**QUICK, **options}))


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3)).astype("uint8")


def test_the_network_of_the_paper(only_shapes):
    model = action_flow_net.build(num_classes=101, clip_shape=(2, 224, 224, 3))
    # ResNet-18 without its 512 x 1000 + 1000 classifier, its first convolution on six channels instead of three.
    assert (
        sum(np.prod(weight.shape) for weight in model.network.encoder.trainable_weights)
        == 11_689_512 - 513_000 + 7 * 7 * 3 * 64
    )
    outputs = model.compute_output_spec(keras.KerasTensor((1, 2, 224, 224, 3), dtype="uint8"))
    assert [flow.shape[2:] for flow in outputs["flows"]] == [(side, side, 2) for side in (56, 28, 14, 7)]
    assert outputs["flow"].shape == (1, 1, 224, 224, 2) and outputs["logits"].shape == (1, 101)
    assert model.head.get_layer("dropout").rate == 0.5 and model.head.input.shape[-1] == 512


@pytest.mark.parametrize(
    ("options", "outputs", "needs"),
    [
        ({"losses": ("class",)}, {"logits"}, ("label",)),
        ({"losses": ("flow",)}, {"flow", "flows"}, ("flow", "known")),
        ({}, {"logits", "flow", "flows"}, ("label", "flow", "known")),
        ({"structure": "stacked", **STACKED}, {"logits", "flow"}, ("label",)),
        ({"structure": "stacked_full_size", "losses": ("class",)}, {"logits", "flow"}, ("label",)),
    ],
)
def test_options_decide_what_is_built_and_what_is_learned(options, outputs, needs):
    model = make(**options)
    assert set(model(noise(1, 2, 32, 32))) == outputs
    assert models.needs_of(action_flow_net, model.options) == needs
    assert (models.motion_of(model) is not None) == ("flow" in outputs)
    assert (model.network.decoder is not None) == ("flow" in outputs)


def values(layer):
    return {weight.path: ops.convert_to_numpy(weight) for weight in layer.weights}


@pytest.mark.slow
@pytest.mark.parametrize("structure", ["stacked", "stacked_full_size"])
def test_frozen_parts_stay_as_they_are_to_the_last_bit(structure):
    model = make(structure=structure, **STACKED)
    frozen, learned = values(model.network), values(model.head)
    assert frozen and learned and len(frozen) + len(learned) == len(model.weights)
    assert all(path.startswith("stacked_") for path in learned) and not set(frozen) & set(learned)
    flow = model(noise(4, 2, 32, 32))["flow"]
    model.compile("adam", loss={"logits": keras.losses.SparseCategoricalCrossentropy(from_logits=True)})
    model.fit(noise(4, 2, 32, 32), {"logits": np.arange(4)}, epochs=2, verbose=0)
    for path, value in values(model.network).items():
        np.testing.assert_array_equal(value, frozen[path], err_msg=path)
    np.testing.assert_array_equal(model(noise(4, 2, 32, 32))["flow"], flow)
    for path, value in values(model.head).items():
        assert not np.array_equal(value, learned[path]), path


def test_a_stacked_classifier_may_train_the_network_below_it():
    model = make(structure="stacked", losses=("class",))
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(model(noise(2, 2, 32, 32), training=True)["logits"] ** 2)
    gradient = tape.gradient(total, model.network.decoder.trainable_weights[0])
    assert np.abs(gradient).max() > 0


@pytest.mark.parametrize(("structure", "seen"), [("stacked", (2.0, -1.0)), ("stacked_full_size", (8.0, -4.0))])
def test_a_stacked_classifier_sees_flow_in_pixels_of_its_own_resolution(structure, seen, monkeypatch):
    model = make(structure=structure, **STACKED)
    for stride in STRIDES:
        convolution = model.network.decoder._layer("flow", stride)
        convolution.kernel.assign(np.zeros(convolution.kernel.shape))
        convolution.bias.assign(np.float32([8, -4]) / model.options.flow_scale)
    taken = []
    inner = type(model.head).call
    monkeypatch.setattr(
        type(model.head),
        "call",
        lambda self, x, **rest: (taken.append(x) if self is model.head else None, inner(self, x, **rest))[1],
    )
    outputs = model(noise(1, 3, 32, 48))
    side = (8, 12) if structure == "stacked" else (32, 48)
    assert taken[0].shape == (2, *side, 2)
    np.testing.assert_allclose(taken[0], np.broadcast_to(seen, taken[0].shape), rtol=1e-6)
    np.testing.assert_allclose(outputs["flow"][0, 1, 5, 7], (8, -4), rtol=1e-6)


def test_the_flow_of_the_frames_is_the_finest_one_enlarged_with_its_vectors():
    coarse = np.random.default_rng(0).normal(size=(2, 4, 6, 2)).astype("float32")
    full = FlowNetwork.full_size(coarse, np.zeros((1, 3, 16, 24, 3)))
    assert full.shape == (1, 2, 16, 24, 2)
    # Every pixel of a quarter of the size lies over four of the frames: their mean is four times its vector, where the
    # flow is linear around it.
    ramp = np.stack(np.meshgrid(np.arange(6.0), np.arange(4.0)), axis=-1).astype("float32")[None]
    full = ops.convert_to_numpy(FlowNetwork.full_size(ramp, np.zeros((1, 2, 16, 24, 3))))[0, 0]
    means = full.reshape(4, 4, 6, 4, 2).mean((1, 3))
    np.testing.assert_allclose(means[1:-1, 1:-1], 4 * ramp[0, 1:-1, 1:-1], rtol=1e-5)


def test_the_loss_is_the_cross_entropy_and_lambda_times_the_errors_of_the_levels():
    model = make(flow_weight=0.25, level_weights=(1.0, 0.0, 0.0, 3.0))
    frames = noise(2, 2, 32, 32)
    outputs = model(frames)
    batch = {
        "clip": frames,
        "label": np.array([1, 3]),
        "flow": np.full((2, 1, 32, 32, 2), (4.0, 8.0), "float32"),
        "known": np.ones((2, 1, 32, 32), "float32"),
    }
    terms = action_flow_net.objective(model.options, batch, outputs)
    assert set(terms) == {"class", "flow"}
    fine, coarse = (ops.convert_to_numpy(outputs["flows"][level]) for level in (0, 3))
    errors = [
        np.linalg.norm(flow - truth, axis=-1).mean((1, 2, 3))
        for flow, truth in ((fine, (1, 2)), (coarse, (0.125, 0.25)))
    ]
    np.testing.assert_allclose(terms["flow"], 0.25 * (errors[0] + 3 * errors[1]), rtol=1e-4)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"flow_network": "frozen"}, "frozen is for a stacked classifier.*structure=joint, losses=class,flow"),
        ({"structure": "stacked", "flow_network": "frozen"}, "frozen is for a stacked classifier"),
        ({"structure": "stacked", "losses": ("flow",)}, "losses=flow has no classes"),
        ({"level_weights": (1.0, 2.0)}, "level_weights are 4 numbers.*Received: level_weights=.1.0, 2.0."),
        ({"decoder_filters": (8,)}, "decoder_filters are 3 numbers"),
        ({"level_weights": (0.0,) * 4}, "must be above 0"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        make(**options)


def test_an_unknown_loss_is_refused():
    with pytest.raises(InputError, match="flows.*not one of class, flow"):
        make(losses=("class", "flows"))


def translated(count, size, seed):
    """Pairs of a texture and itself moved by up to two pixels either way, `[N, 2, S, S, 3]`, and the flow `[N, 2]`."""
    random = np.random.default_rng(seed)
    flow = random.uniform(-2, 2, (count, 2)).astype("float32")
    pairs = [
        np.stack([texture(size, size, shift, seed=seed * count + k) for shift in ((0, 0), tuple(move))])
        for k, move in enumerate(flow)
    ]
    return np.repeat(np.stack(pairs)[..., None], 3, -1).astype("uint8"), flow


@pytest.mark.slow
def test_a_trained_network_gives_the_translation_of_a_texture():
    model = make(losses=("flow",), width=12, flow_scale=4.0)
    frames, flow = translated(128, 32, seed=1)
    truth = np.broadcast_to(flow[:, None, None, None], (128, 1, 32, 32, 2))
    known = np.ones(truth.shape[:-1], "float32")
    optimizer = keras.optimizers.Adam(3e-3)
    optimizer.build(model.trainable_variables)

    @tf.function
    def step(chosen):
        with tf.GradientTape() as tape:
            outputs = model(tf.gather(frames, chosen), training=True)
            batch = {"flow": tf.gather(truth, chosen), "known": tf.gather(known, chosen)}
            loss = tf.reduce_mean(action_flow_net.objective(model.options, batch, outputs)["flow"])
        optimizer.apply(tape.gradient(loss, model.trainable_variables))

    random = np.random.default_rng(0)
    for _ in range(300):
        step(tf.constant(random.integers(0, 128, 16)))
    unseen, expected = translated(16, 32, seed=2)
    found = ops.convert_to_numpy(model(unseen)["flow"])[:, 0, 8:-8, 8:-8].mean((1, 2))
    error = np.linalg.norm(found - expected, axis=-1).mean()
    assert error < 0.5 * np.linalg.norm(expected, axis=-1).mean(), error
