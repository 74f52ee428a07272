"""Every method of models/, found by listing the folder, keeps the contract that models/__init__.py states."""

import dataclasses
import re

import keras
import numpy as np
import pytest
from keras import ops

import models
from tvnet_keras.choices import load_module, module_names

CLASSES = 4
SIZE = 32
QUICK = {"iterations": 3, "depth": 10, "width": 8, "bottleneck": 4}
"""Options that make a method quick, where it has them."""

SEES_THE_WHOLE_CLIP = ("representation_flow",)
"""Methods whose longer clips are not windows: every step enters once, and the range of all of them."""


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


@pytest.fixture(scope="module", params=module_names(models))
def method(request):
    return load_module(models, "--method", request.param)


@pytest.fixture(scope="module")
def model(method):
    return make(method)


def test_the_folder_holds_the_two_methods_of_the_demo():
    assert {"tvnet", "rgb"} <= set(module_names(models))


def test_a_method_says_what_it_is(method):
    assert dataclasses.is_dataclass(method.Options) and method.Options()
    assert isinstance(method.FRAMES, int) and method.FRAMES >= 1
    assert len(method.__doc__.split()) > 5


def test_outputs_are_logits_and_flow_of_the_contracts_shapes(method, model):
    outputs = model(clip(method.FRAMES))
    assert outputs["logits"].shape == (2, CLASSES) and outputs["logits"].dtype == "float32"
    if "flow" in outputs:
        # Of the frames, or of features, which are smaller and may stand side by side.
        size = outputs["flow"].shape[2:4] if not hasattr(model, "motion") else (SIZE, SIZE)
        assert outputs["flow"].shape == (2, method.FRAMES - 1, *size, 2)
        assert outputs["flow"].dtype == "float32"


def test_every_weight_exists_before_the_first_call(method):
    fresh = make(method)
    paths = [weight.path for weight in fresh.weights]
    fresh(clip(method.FRAMES))
    assert [weight.path for weight in fresh.weights] == paths and len(set(paths)) == len(paths)


def test_bytes_and_unit_floats_are_the_same_clip(method, model):
    frames = clip(method.FRAMES)
    np.testing.assert_allclose(model(frames)["logits"], model(frames.astype("float32") / 255)["logits"], atol=1e-3)


def test_clips_of_a_batch_do_not_meet(method, model):
    frames = clip(method.FRAMES)
    apart = np.concatenate([model(frames[k : k + 1])["logits"] for k in range(2)])
    np.testing.assert_allclose(model(frames)["logits"], apart, atol=1e-4)
    assert np.abs(apart[0] - apart[1]).max() > 1e-4


def test_logits_of_a_long_clip_are_the_mean_over_its_windows(method, model):
    if method.__name__.split(".")[-1] in SEES_THE_WHOLE_CLIP:
        pytest.skip("no windows: it sees the whole clip")
    frames = clip(method.FRAMES + 3)
    windows = [model(frames[:, k : k + method.FRAMES])["logits"] for k in range(4)]
    np.testing.assert_allclose(model(frames)["logits"], np.mean(windows, axis=0), atol=1e-4)


def test_a_model_survives_its_file(method, model, tmp_path):
    frames = clip(method.FRAMES)
    expected = ops.convert_to_numpy(model(frames)["logits"])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded) is type(model) and loaded.options == model.options
    np.testing.assert_allclose(loaded(frames)["logits"], expected, atol=1e-5)


def test_weights_survive_their_file(method, model, tmp_path):
    frames = clip(method.FRAMES)
    model.save_weights(tmp_path / "model.weights.h5")
    keras.utils.set_random_seed(1)
    other = method.build(num_classes=CLASSES, clip_shape=(method.FRAMES, SIZE, SIZE, 3), options=options_of(method))
    assert np.abs(ops.convert_to_numpy(other(frames)["logits"]) - model(frames)["logits"]).max() > 1e-4
    other.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_allclose(other(frames)["logits"], model(frames)["logits"], atol=1e-5)


def test_a_configuration_makes_the_same_model(model):
    again = type(model).from_config(model.get_config())
    again.build()
    assert again.get_config() == model.get_config()
    assert [weight.shape for weight in again.weights] == [weight.shape for weight in model.weights]


def test_the_objective_has_one_finite_value_per_clip(method, model):
    frames, label = clip(method.FRAMES), np.array([0, 3], "int32")
    terms = method.objective(model.options, frames, label, model(frames))
    assert "class" in terms
    for name, value in terms.items():
        assert value.shape == (2,) and np.isfinite(value).all(), name


def test_the_class_term_is_the_cross_entropy(method, model):
    frames, label = clip(method.FRAMES), np.array([0, 3], "int32")
    outputs = model(frames)
    logits = ops.convert_to_numpy(outputs["logits"]).astype("float64")
    log_probability = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    found = method.objective(model.options, frames, label, outputs)["class"]
    np.testing.assert_allclose(found, -log_probability[[0, 1], label], rtol=1e-4)


def test_every_learning_rate_names_weights(method, model):
    rates = method.learning_rates(model.options)
    for pattern, multiplier in rates.items():
        assert any(re.search(pattern, weight.path) for weight in model.trainable_variables), pattern
        assert multiplier > 0


def test_compile_and_fit_learn(method):
    fresh = make(method, dropout=0.0)
    frames, label = clip(method.FRAMES, batch=6, seed=1), np.array([0, 1, 2, 3, 0, 1])
    fresh.compile("adam", loss={"logits": keras.losses.SparseCategoricalCrossentropy(from_logits=True)})
    losses = fresh.fit(frames, {"logits": label}, epochs=12, batch_size=6, verbose=0).history["loss"]
    assert np.isfinite(losses).all() and losses[-1] < 0.5 * losses[0]


def test_dropout_acts_in_training_only(method):
    dropping = make(method, dropout=0.5)
    frames = clip(method.FRAMES)
    still = [ops.convert_to_numpy(dropping(frames, training=False)["logits"]) for _ in range(2)]
    np.testing.assert_array_equal(*still)
    moving = [ops.convert_to_numpy(dropping(frames, training=True)["logits"]) for _ in range(2)]
    assert np.abs(moving[0] - moving[1]).max() > 1e-4
