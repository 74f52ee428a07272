"""Every method of models/, found by listing the folder, keeps the contract that models/__init__.py states."""

import dataclasses
import re

import keras
import numpy as np
import pytest
from keras import ops

import models
from tests.checkpoints import assert_a_checkpoint_holds_every_weight
from tvnet_keras.choices import load_module, module_names

CLASSES = 4
SIZE = 32
QUICK = {"iterations": 3, "depth": 10, "width": 8, "motion_width": 8, "bottleneck": 4, "flow_fields": 5}
"""Options that make a method quick, where it has them."""

SEES_THE_WHOLE_CLIP = ("representation_flow", "hidden_two_stream")
"""Methods whose longer clips are not windows: every step enters once, and the range of all of them; or the flow of the
steps comes from stacks of frames that begin elsewhere than the windows."""

OUTPUTS = ("logits", "flow", "feature_flow")
LEVELS = "flows"
"""The output that is a list: flow at several resolutions."""
FIELDS = ("label", "flow", "known")


CLASSIFIERS = [name for name in module_names(models) if "label" in load_module(models, "--method", name).NEEDS]
LARGE = ("action_flow_net", "hidden_two_stream")
"""Methods whose training step takes ten seconds to trace."""


def options_of(method, **chosen):
    known = {field.name for field in dataclasses.fields(method.Options)}
    return method.Options(**{name: value for name, value in {**QUICK, **chosen}.items() if name in known})


def make(method, frames=None, **chosen):
    keras.utils.set_random_seed(0)
    shape = (frames or method.FRAMES, SIZE, SIZE, 3)
    return method.build(num_classes=CLASSES, clip_shape=shape, options=options_of(method, **chosen))


def clip(frames, batch=2, seed=0):
    """uint8: a smooth texture that moves, other for every clip."""
    random = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(SIZE), np.arange(SIZE))
    phase = random.uniform(0, 6, (batch, 1, 1, 1, 3)) + np.arange(frames)[:, None, None, None] * 0.4
    wave = np.sin(0.5 * x[..., None] + phase) * np.cos(0.4 * y[..., None])
    return np.round(127 + 120 * wave).astype("uint8")


def answers(outputs):
    """One output that says everything: the logits, or else the flow."""
    return ops.convert_to_numpy(outputs["logits" if "logits" in outputs else "flow"])


def batch_of(method, outputs, size=2):
    """A Batch of `clip(FRAMES, size)` with everything that an objective may ask for."""
    flow = outputs.get("flow", np.zeros((size, method.FRAMES - 1, SIZE, SIZE, 2), "float32"))
    known = np.ones(ops.shape(flow)[:-1], "float32")
    label = np.arange(size, dtype="int32") % CLASSES
    return {"clip": clip(method.FRAMES, size), "label": label, "flow": np.ones_like(flow), "known": known}


@pytest.fixture(scope="module", params=module_names(models))
def method(request):
    return load_module(models, "--method", request.param)


@pytest.fixture
def classifier(method):
    """The method, if it answers with classes."""
    if "label" not in method.NEEDS:
        pytest.skip("no classes")
    return method


@pytest.fixture(scope="module")
def model(method):
    return make(method)


def test_the_folder_holds_the_two_methods_of_the_demo():
    assert {"tvnet", "rgb"} <= set(module_names(models))


def test_the_shortest_clip_that_a_method_asks_for_is_taken(method, model):
    shortest = models.frames_of(method, model.options)
    assert 1 <= shortest <= method.FRAMES and models.frames_of(method, method.Options()) <= method.FRAMES
    assert np.isfinite(answers(model(clip(shortest)))).all()


def test_a_method_needs_fields_of_a_batch(method):
    for needs in (method.NEEDS, models.needs_of(method, method.Options())):
        assert isinstance(needs, tuple) and set(needs) <= set(FIELDS)


def test_outputs_are_those_of_the_contract(method, model):
    outputs = model(clip(method.FRAMES))
    assert outputs and set(outputs) <= {*OUTPUTS, LEVELS}
    for level in outputs.get(LEVELS, ()):
        assert level.shape[:2] == (2, method.FRAMES - 1) and level.shape[-1] == 2 and level.dtype == "float32"
    assert ("logits" in outputs) == ("label" in method.NEEDS)
    if "logits" in outputs:
        assert outputs["logits"].shape == (2, CLASSES) and outputs["logits"].dtype == "float32"
    for name in set(outputs) - {"logits", LEVELS}:
        assert outputs[name].shape[0] == 2 and outputs[name].shape[-1] == 2 and outputs[name].dtype == "float32"


def test_the_flow_of_a_motion_layer_is_a_flow_of_the_frames(method, model):
    motion = models.motion_of(model)
    if motion is None:
        pytest.skip("no Motion layer on frames")
    frames = clip(method.FRAMES)
    flow = model(frames)["flow"]
    assert flow.shape == (2, method.FRAMES - motion.frames_consumed, SIZE, SIZE, 2)
    np.testing.assert_array_equal(flow, motion(frames))
    larger = np.zeros((1, 3, SIZE + 5, SIZE + 8, 3), "uint8")
    assert motion(larger).shape == (1, 3 - motion.frames_consumed, SIZE + 5, SIZE + 8, 2)


def test_an_image_network_sees_every_time_step(method, model):
    network = models.classifier_of(model)
    if network is None:
        pytest.skip("no image network")
    images = np.zeros((1, 2, *network.layer.input_shape[1:]), "float32")
    assert network(images).shape == (1, 2, CLASSES)


def test_a_model_without_motion_or_image_network_says_so(method):
    plain = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    assert models.motion_of(plain) is None and models.classifier_of(plain) is None


def test_every_weight_exists_before_the_first_call(method):
    fresh = make(method)
    paths = [weight.path for weight in fresh.weights]
    fresh(clip(method.FRAMES))
    assert [weight.path for weight in fresh.weights] == paths and len(set(paths)) == len(paths)


def test_bytes_and_unit_floats_are_the_same_clip(method, model):
    frames = clip(method.FRAMES)
    np.testing.assert_allclose(answers(model(frames)), answers(model(frames.astype("float32") / 255)), atol=1e-3)


def test_clips_of_a_batch_do_not_meet(method, model):
    frames = clip(method.FRAMES)
    apart = np.concatenate([answers(model(frames[k : k + 1])) for k in range(2)])
    np.testing.assert_allclose(answers(model(frames)), apart, atol=1e-4)
    assert np.abs(apart[0] - apart[1]).max() > 1e-4


def test_logits_of_a_long_clip_are_the_mean_over_its_windows(classifier, method, model):
    if method.__name__.split(".")[-1] in SEES_THE_WHOLE_CLIP:
        pytest.skip("no windows: it sees the whole clip")
    frames = clip(method.FRAMES + 3)
    windows = [model(frames[:, k : k + method.FRAMES])["logits"] for k in range(4)]
    np.testing.assert_allclose(model(frames)["logits"], np.mean(windows, axis=0), atol=1e-4)


def test_a_model_survives_its_file(method, model, tmp_path):
    frames = clip(method.FRAMES)
    expected = answers(model(frames))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded) is type(model) and loaded.options == model.options
    np.testing.assert_allclose(answers(loaded(frames)), expected, atol=1e-5)


def test_weights_survive_their_file(method, tmp_path):
    frames = clip(method.FRAMES)
    model, other = make(method), make(method)
    # A solver is the same whatever the seed.
    for weight in model.trainable_weights:
        weight.assign(weight + 0.05)
    model.save_weights(tmp_path / "model.weights.h5")
    assert np.abs(answers(other(frames)) - answers(model(frames))).max() > 1e-4
    other.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_allclose(answers(other(frames)), answers(model(frames)), atol=1e-5)


def test_a_tensorflow_checkpoint_holds_every_weight(method, tmp_path):
    assert_a_checkpoint_holds_every_weight(lambda: make(method), tmp_path / "checkpoint")


def test_a_configuration_makes_the_same_model(model):
    again = type(model).from_config(model.get_config())
    again.build()
    assert again.get_config() == model.get_config()
    assert [weight.shape for weight in again.weights] == [weight.shape for weight in model.weights]


def test_the_objective_has_one_finite_value_per_clip(method, model):
    outputs = model(clip(method.FRAMES))
    terms = method.objective(model.options, batch_of(method, outputs), outputs)
    assert terms
    for name, value in terms.items():
        assert value.shape == (2,) and np.isfinite(value).all(), name


def test_the_objective_reads_nothing_but_what_the_method_needs(method, model):
    outputs = model(clip(method.FRAMES))
    needs = ("clip", *models.needs_of(method, model.options))
    batch = {name: value for name, value in batch_of(method, outputs).items() if name in needs}
    assert method.objective(model.options, batch, outputs)
    for name in needs[1:]:
        with pytest.raises(KeyError, match=name):
            method.objective(model.options, {k: v for k, v in batch.items() if k != name}, outputs)


def test_the_class_term_is_the_cross_entropy(classifier, method, model):
    outputs = model(clip(method.FRAMES))
    batch = batch_of(method, outputs)
    logits = ops.convert_to_numpy(outputs["logits"]).astype("float64")
    log_probability = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    found = method.objective(model.options, batch, outputs)["class"]
    np.testing.assert_allclose(found, -log_probability[[0, 1], batch["label"]], rtol=1e-4)


def test_every_learning_rate_names_weights(method, model):
    rates = method.learning_rates(model.options)
    for pattern, multiplier in rates.items():
        assert any(re.search(pattern, weight.path) for weight in model.trainable_variables), pattern
        assert multiplier > 0


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in LARGE else ()) for name in CLASSIFIERS]
)
def test_compile_and_fit_learn(name):
    method = load_module(models, "--method", name)
    fresh = make(method, dropout=0.0)
    frames, label = clip(method.FRAMES, batch=6, seed=1), np.array([0, 1, 2, 3, 0, 1])
    fresh.compile("adam", loss={"logits": keras.losses.SparseCategoricalCrossentropy(from_logits=True)})
    losses = fresh.fit(frames, {"logits": label}, epochs=12, batch_size=6, verbose=0).history["loss"]
    assert np.isfinite(losses).all() and losses[-1] < 0.5 * losses[0]


def test_dropout_acts_in_training_only(classifier, method):
    dropping = make(method, dropout=0.5)
    frames = clip(method.FRAMES)
    still = [ops.convert_to_numpy(dropping(frames, training=False)["logits"]) for _ in range(2)]
    np.testing.assert_array_equal(*still)
    moving = [ops.convert_to_numpy(dropping(frames, training=True)["logits"]) for _ in range(2)]
    assert np.abs(moving[0] - moving[1]).max() > 1e-4
