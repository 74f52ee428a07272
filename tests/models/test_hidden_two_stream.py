"""Hidden Two-Stream: what each way of training learns and needs, what stays as it is, and what the classifier sees."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

import models
from launch.run.config import TrainConfig
from launch.run.optimization import make_optimizer
from launch.run.train_step import TrainStep
from launch.weights.by_name import match, weight_values
from models import hidden_two_stream, motion_net
from models.hidden_two_stream import Options
from tests.textures import moving_clip
from tvnet_keras.errors import InputError
from tvnet_keras.optimizers.grouped import GroupedAdam

CLASSES = 3
QUICK = {"motion_width": 4, "flow_fields": 2, "dropout": 0.0, "iterations": 3}

A = {"losses": ("class",), "motion_frozen": True}
B = {"losses": ("class",)}
C = {"losses": ("class", "flow")}
"""The paper's three ways of training."""

TERMS = {"pixel", "smooth", "ssim"}


def make(frames=3, **options):
    keras.utils.set_random_seed(0)
    chosen = Options(**{**QUICK, **options})
    return hidden_two_stream.build(num_classes=CLASSES, clip_shape=(frames, 32, 32, 3), options=chosen)


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3)).astype("uint8")


def batch_of(clip):
    return {"clip": clip, "label": np.arange(len(clip), dtype="int32") % CLASSES}


def values(layer):
    return {weight.path: np.array(ops.convert_to_numpy(weight)) for weight in layer.weights}


def test_the_network_of_the_paper(only_shapes):
    options = Options(backbone="vgg16")
    model = hidden_two_stream.build(num_classes=101, clip_shape=(11, 224, 224, 3), options=options)
    assert models.frames_of(hidden_two_stream, options) == hidden_two_stream.FRAMES == 11
    assert model.motion.count_params() == 42_319_860
    # VGG-16 with 101 classes in the place of 1000, its first convolution on ten fields in the place of RGB.
    assert model.classifier.count_params() == 138_357_544 - 899 * 4097 + 3 * 3 * (20 - 3) * 64
    outputs = model.compute_output_spec(keras.KerasTensor((1, 11, 224, 224, 3), dtype="uint8"))
    assert outputs["logits"].shape == (1, 101) and outputs["flow"].shape == (1, 10, 224, 224, 2)
    # In the joint stage MotionNet learns at 1e-6 where the classifier does at 1e-3, with a tenth of the SSIM weights.
    assert hidden_two_stream.learning_rates(options) == {} and model.network_rates == {"(^|/)motion_net/": 1e-3}
    np.testing.assert_allclose(options.ssim_weights, (0.001, 0.002, 0.004, 0.008, 0.016))
    assert options.flow_bound == 20


@pytest.mark.parametrize(
    ("options", "outputs", "terms", "needs"),
    [
        (A, {"logits", "flow"}, {"class"}, ("label",)),
        (B, {"logits", "flow"}, {"class"}, ("label",)),
        (C, {"logits", "flow", "flows"}, {"class", *TERMS}, ("label",)),
        ({**C, "smooth_weight": 0.0}, {"logits", "flow", "flows"}, {"class", "pixel", "ssim"}, ("label",)),
        ({**B, "motion": "tvnet"}, {"logits", "flow"}, {"class"}, ("label",)),
        ({**B, "motion": "representation_flow"}, {"logits", "feature_flow"}, {"class"}, ("label",)),
        ({**B, "motion": "stored"}, {"logits"}, {"class"}, ("label", "flow")),
    ],
)
def test_options_decide_what_is_learned_and_what_a_batch_must_hold(options, outputs, terms, needs):
    model, clip = make(**options), noise(2, 3, 32, 32)
    taken = clip if models.input_of(model) == "clip" else np.ones((2, 2, 32, 32, 2), "float32")
    found = model(taken)
    assert set(found) == outputs and found["logits"].shape == (2, CLASSES)
    losses = hidden_two_stream.objective(model.options, batch_of(clip), found)
    assert set(losses) == terms and all(term.shape == (2,) for term in losses.values())
    assert models.needs_of(hidden_two_stream, model.options) == needs
    assert models.motion_of(model) is (model.motion_layer if "flow" in outputs else None)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"losses": ("flow",)}, "losses=flow has no classes.*method motion_net.*Received: losses=flow"),
        ({**C, "motion": "tvnet"}, "losses=class,flow is for motion=motion_net, but motion=tvnet: take losses=class"),
        ({**C, "motion": "stored"}, "losses=class,flow is for motion=motion_net, but motion=stored"),
        ({**C, "motion_frozen": True}, "motion_frozen=true leaves no flow to learn: take losses=class"),
        ({"ssim_weights": (1.0,)}, "ssim_weights are 5 numbers"),
        ({"pixel_weight": 0.0, "ssim_weights": (0.0,) * 5}, "nothing ties the flow to the frames"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence) as error:
        make(**options)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"losses": ("classes",)}, "classes.*not one of class, flow"),
        ({"losses": ()}, "losses"),
        ({"flow_range": "bytes"}, "flow_range is 'bytes', which is not one of eight_bit, unit"),
    ],
)
def test_an_unknown_word_is_refused(options, sentence):
    with pytest.raises(InputError, match=sentence):
        make(**options)


def test_a_frozen_motion_net_stays_as_it_is_to_the_last_bit():
    model, clip = make(**A), noise(4, 3, 32, 32)
    frozen, learned = values(model.motion), values(model.classifier)
    assert frozen and len(frozen) + len(learned) == len(model.weights)
    assert model.network_rates == {}
    assert {weight.path for weight in model.trainable_weights} <= set(learned)
    flow = np.array(model(clip)["flow"])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    # Three steps are sooner done than compiled.
    model.compile("adam", loss={"logits": loss}, run_eagerly=True)
    model.fit(clip, {"logits": np.arange(4) % CLASSES}, epochs=3, verbose=0)
    for path, value in values(model.motion).items():
        np.testing.assert_array_equal(value, frozen[path], err_msg=path)
    np.testing.assert_array_equal(model(clip)["flow"], flow)
    for weight in model.classifier.trainable_weights:
        assert not np.array_equal(weight, learned[weight.path]), weight.path


def gradients_of(model, clip, names):
    """Of the sum of the terms with these names, by weight; None where a weight has no part in it."""
    with tf.GradientTape() as tape:
        terms = hidden_two_stream.objective(model.options, batch_of(clip), model(clip, training=True))
        total = tf.add_n([tf.reduce_sum(terms[name]) for name in names])
    return dict(zip(map(id, model.trainable_weights), tape.gradient(total, model.trainable_weights), strict=True))


@pytest.mark.parametrize("quantised", [False, True])
def test_the_classes_reach_every_weight_of_motion_net_through_the_rounding_too(quantised):
    model = make(**B, quantised=quantised)
    found = gradients_of(model, noise(2, 3, 32, 32), ["class"])
    for weight in model.motion.trainable_weights:
        gradient = found[id(weight)]
        # The finest flow is made from all the others.
        assert gradient is not None and np.isfinite(gradient).all() and np.abs(gradient).max() > 0, weight.path


def test_the_flow_is_learned_by_motion_net_alone():
    model = make(**C)
    found = gradients_of(model, noise(2, 3, 32, 32), TERMS)
    assert all(np.abs(found[id(weight)]).max() > 0 for weight in model.motion.trainable_weights)
    assert all(found[id(weight)] is None for weight in model.classifier.trainable_weights)


def test_the_rate_is_that_of_motion_net_and_of_nothing_else():
    model = make(**C, motion_rate=0.25)
    optimizer = GroupedAdam(1.0, rates=model.network_rates)
    before = values(model)
    optimizer.apply([tf.ones(weight.shape) for weight in model.trainable_weights], model.trainable_weights)
    # Adam's first step is as long as the rate, whatever the gradient.
    for part, rate in ((model.motion, 0.25), (model.classifier, 1.0)):
        for weight in part.trainable_weights:
            moved = before[weight.path] - ops.convert_to_numpy(weight)
            np.testing.assert_allclose(moved, rate, rtol=1e-3, err_msg=weight.path)


@pytest.fixture(scope="module")
def alone():
    """What `--method=motion_net` has learned: other weights than those of a new network."""
    keras.utils.set_random_seed(1)
    options = motion_net.Options(width=4, flow_fields=2)
    return motion_net.build(num_classes=0, clip_shape=(3, 32, 32, 3), options=options)


@pytest.mark.parametrize("options", [A, B, C])
def test_every_weight_of_a_run_of_motion_net_is_taken_by_its_name(alone, options):
    model, clip, learned = make(**options), noise(1, 3, 32, 32), weight_values(alone)
    found = match(model, learned)
    assert set(found.taken) == set(learned) == set(weight_values(model.motion))
    assert not found.unused and not found.reshaped
    assert found.left and len(found.left) == len(model.classifier.weights)
    assert not np.array_equal(model(clip)["flow"], alone(clip)["flow"])
    found.apply()
    np.testing.assert_array_equal(model(clip)["flow"], alone(clip)["flow"])


def test_of_another_width_nothing_is_taken(alone):
    found = match(make(motion_width=5), weight_values(alone))
    # Those of the flow fields alone, whose number is that of the frames, have no width.
    assert {name.rpartition("/")[0].rpartition("/")[2].rstrip("0123456789") for name in found.taken} <= {
        "flow_",
        "up_flow_",
    }
    assert found.reshaped


@pytest.mark.parametrize("flow_range", ["unit", "eight_bit"])
@pytest.mark.parametrize("quantised", [False, True])
def test_the_classifier_sees_the_flow_in_its_range_on_256_levels_where_asked(flow_range, quantised, monkeypatch):
    bound = 0.25
    model, clip = make(**B, quantised=quantised, flow_range=flow_range, flow_bound=bound), noise(2, 3, 32, 32)
    seen, inner = [], model.logits_of
    monkeypatch.setattr(model, "logits_of", lambda network, x, *rest: (seen.append(x), inner(network, x, *rest))[1])
    flow = ops.convert_to_numpy(model(clip)["flow"]).astype(float)
    assert flow.max() > bound and flow.min() < -bound and (np.abs(flow) < bound).mean() > 0.2
    exact = (np.clip(flow, -bound, bound) / bound + 1) * 127.5
    # A stack of two fields: u and v of the first step, then of the second.
    exact = np.concatenate([exact[:, 0], exact[:, 1]], axis=-1)[:, None]
    shown = ops.convert_to_numpy(seen[0]).astype(float)
    levels = shown + 128 if flow_range == "eight_bit" else (shown + 1) * 127.5
    assert levels.shape == exact.shape == (2, 1, 32, 32, 4)
    if not quantised:
        np.testing.assert_allclose(levels, exact, atol=1e-3)
        assert np.abs(levels - np.round(levels)).max() > 0.4
        return
    np.testing.assert_allclose(levels, np.round(levels), atol=1e-3)
    assert np.abs(levels - exact).max() < 0.5 + 1e-3
    assert np.round(levels).min() == 0 and np.round(levels).max() == 255


def test_stored_flow_is_seen_as_that_of_motion_net_is():
    live, stored, clip = make(frames=4, **B), make(frames=4, **B, motion="stored"), noise(2, 4, 32, 32)
    found = match(stored, weight_values(live))
    assert not found.left and all(name.startswith("motion_net/") for name in found.unused)
    found.apply()
    np.testing.assert_allclose(stored(live.motion(clip))["logits"], live(clip)["logits"], atol=1e-5)


@pytest.mark.slow
def test_the_joint_loss_stays_finite_at_the_released_rates():
    """Those of the joint stage: 1e-3 for the classifier, 1e-6 for MotionNet, with the sums of the released losses."""
    model = make(**C, normalisation="released", flow_range="eight_bit")
    train = TrainConfig(batch_size=4, optimizer="sgd", lr=1e-3, weight_decay=5e-4, schedule="constant", warmup=0)
    optimizer = make_optimizer(train, {}, model.network_rates)
    optimizer.build(model.trainable_variables)
    objective = functools.partial(hidden_two_stream.objective, model.options)
    step = TrainStep(tf.distribute.get_strategy(), model, optimizer, objective, train)
    before = values(model)
    clip = np.concatenate([moving_clip(3, 32, 32, (1.0, -0.5), seed) for seed in range(4)])
    batch = {name: tf.constant(value) for name, value in batch_of(np.round(255 * clip).astype("uint8")).items()}
    for number in range(30):
        said = {name: float(value) for name, value in step(batch).items()}
        assert said.keys() >= {"class", *TERMS, "loss", "gradient_norm"}
        assert np.isfinite(list(said.values())).all(), (number, said)
    moved = {path: np.abs(value - before[path]).max() for path, value in values(model).items()}
    of_motion = [moved[weight.path] for weight in model.motion.trainable_weights]
    of_classes = [moved[weight.path] for weight in model.classifier.trainable_weights]
    assert 0 < max(of_motion) < 0.1 * max(of_classes)


@pytest.mark.parametrize("options", [A, B, C, {**B, "quantised": True, "flow_range": "eight_bit"}], ids=str)
def test_every_way_of_training_survives_its_file(options, tmp_path):
    model, clip = make(**options), noise(1, 3, 32, 32)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.options == model.options and len(loaded.trainable_weights) == len(model.trainable_weights)
    outputs, again = model(clip), loaded(clip)
    assert set(again) == set(outputs)
    for name in ("logits", "flow"):
        np.testing.assert_array_equal(again[name], outputs[name])


def test_motion_net_decays_as_the_released_network_does():
    """As a network, not as a solver, whose kernels are to keep their size, and at its own rate, as in Caffe."""
    model = make(**C)
    train = TrainConfig(optimizer="sgd", lr=0.5, momentum=0.0, weight_decay=0.1, schedule="constant", warmup=0)
    optimizer = make_optimizer(train, {}, model.network_rates)
    optimizer.build(model.trainable_variables)
    before = values(model.motion)
    optimizer.apply([tf.zeros(weight.shape) for weight in model.trainable_weights], model.trainable_weights)
    for path, value in values(model.motion).items():
        left = 1.0 if path.endswith("bias") else 1.0 - 0.05 * model.options.motion_rate
        np.testing.assert_allclose(value, left * before[path], rtol=1e-5, err_msg=path)


def test_a_preset_of_another_motion_layer_is_refused():
    with pytest.raises(InputError, match="preset=tvnet-5-3-10-generated is of motion=tvnet, but motion=motion_net"):
        make(**C, preset="tvnet-5-3-10-generated")
