"""Every motion layer of models/motion/, found by listing the folder, in front of the same temporal stream."""

import dataclasses
import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

import models
import models.motion
from launch.evaluators.photometric import applies
from launch.exporters.parts.serving_module import ServingModule
from launch.run.config import check, new_config
from launch.run.model import build_model
from launch.run.model_outputs import output_names
from launch.weights.by_name import match, weight_values
from models import representation_flow, tvnet
from models.motion import field_of, motion_module
from models.parts.temporal_stream import frames_of
from tests.textures import moving_clip
from tvnet_keras.choices import module_names
from tvnet_keras.errors import InputError
from tvnet_keras.layers.motion_layer import MotionLayer

SIZE = 32
FROZEN = {"learn": (), "representation_learn": (), "motion_frozen": True}


@pytest.fixture(scope="module", params=module_names(models.motion))
def motion(request):
    return request.param


@pytest.fixture(scope="module")
def clip():
    return moving_clip(8, SIZE, SIZE, (0.5, 0.2))


@pytest.fixture(scope="module")
def taken(motion, clip):
    """What a stream takes: the clip, or the flow of its seven steps."""
    return clip if field_of(motion) == "clip" else 3 * clip[:, 1:, ..., :2] - 1


@pytest.fixture
def of_frames(motion):
    """A motion whose layer takes frames."""
    if field_of(motion) != "clip":
        pytest.skip("takes no frames")
    return motion


def options_of(motion, **chosen):
    return tvnet.Options(**{"motion": motion, "iterations": 5, "motion_width": 8, "dropout": 0.0, **chosen})


def make(motion, frames=6, **chosen):
    keras.utils.set_random_seed(0)
    return tvnet.build(num_classes=3, clip_shape=(frames, SIZE, SIZE, 3), options=options_of(motion, **chosen))


def array(tensor):
    return ops.convert_to_numpy(tensor)


def test_the_folder_holds_a_flow_and_one_that_is_none():
    assert {motion_module(name).IS_FLOW for name in module_names(models.motion)} == {True, False}


def test_a_motion_module_has_a_layer_with_a_name_of_its_own(motion):
    # Keras's own names count up: weights would not be found by them.
    layer, again = (motion_module(motion).make(options_of(motion)) for _ in range(2))
    assert layer.name == again.name
    assert isinstance(layer, MotionLayer) == (field_of(motion) == "clip")


def test_a_motion_module_says_what_its_layer_does(of_frames, clip):
    module = motion_module(of_frames)
    layer = module.make(options_of(of_frames))
    assert layer.frames_consumed == module.FRAMES_CONSUMED
    output = array(layer(clip))
    assert output.shape[:4] == (1, 8 - module.FRAMES_CONSUMED, SIZE, SIZE)
    assert tuple(layer.compute_output_shape(clip.shape)) == output.shape
    as_bytes = np.round(clip * 255).astype("uint8")
    np.testing.assert_allclose(array(layer(as_bytes)), array(layer(as_bytes / np.float32(255))), atol=1e-3)


def test_what_calls_itself_a_flow_follows_the_frames(motion, clip):
    if not motion_module(motion).IS_FLOW:
        pytest.skip("no Flow of the frames")
    if motion == "motion_net":
        pytest.skip("has to learn it first: tests/models/test_motion_net.py")
    flow = array(motion_module(motion).make(options_of(motion, iterations=50))(clip))
    np.testing.assert_allclose(flow[:, :, 8:-8, 8:-8].mean(axis=(0, 1, 2, 3)), (0.5, 0.2), atol=0.1)


@pytest.mark.parametrize("fields", [1, 3, 5])
def test_the_classifier_sees_so_many_fields_as_images(motion, taken, fields):
    bound = float(array(make(motion).motion_layer(taken)).max() / 2)
    model = make(motion, flow_fields=fields, flow_bound=bound)
    steps = array(model.motion_layer(taken))
    assert steps.max() > bound > 0
    channels = steps.shape[-1]
    assert model.classifier.layer.input_shape == (None, SIZE, SIZE, fields * channels)
    images = np.clip(steps, -bound, bound) / bound
    stacks = [np.concatenate([images[:, k + j] for j in range(fields)], -1) for k in range(steps.shape[1] - fields + 1)]
    expected = np.mean([array(model.classifier.layer(stack)) for stack in stacks], axis=0)
    np.testing.assert_allclose(model(taken)["logits"], expected, atol=1e-4)


def test_a_clip_must_hold_one_stack(motion, taken):
    model = make(motion, flow_fields=7)
    assert frames_of(model.options) == models.frames_of(tvnet, model.options) == 8
    assert model(taken)["logits"].shape == (1, 3)
    asked = "8 frames. Received: 7" if field_of(motion) == "clip" else "7 steps. Received: 6"
    with pytest.raises(ValueError, match=f"7 flow fields takes {asked}"):
        model(taken[:, :-1])
    config = new_config("tvnet", "moving_shapes", model={"motion": motion, "flow_fields": 7})
    assert config.data.frames == 8 and check(config)
    config.data.frames = 6
    with pytest.raises(InputError, match=r"frames=6 is too short: --method=tvnet needs clips of at least 8 frames"):
        check(config)


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"flow_fields": 0}, "--config.model.flow_fields must be at least 1, but is 0"),
        ({"motion": "tvnett"}, "--config.model.motion is 'tvnett', which is not one of .* Did you mean 'tvnet'"),
    ],
)
def test_a_mistake_is_one_sentence(chosen, said):
    config = new_config("tvnet", "moving_shapes", model={"iterations": 2}, data={"height": SIZE, "width": SIZE})
    config.model = dataclasses.replace(config.model, **chosen)
    with pytest.raises(InputError, match=said):
        build_model(config, 3)


def test_only_a_flow_is_shown_exported_and_measured(motion, clip, taken):
    is_flow = motion_module(motion).IS_FLOW
    # Flow that went in is not given back.
    shown = {"flow" if is_flow else "feature_flow"} if field_of(motion) == "clip" else set()
    config = new_config(
        "tvnet", "moving_shapes", model={"motion": motion, "iterations": 5}, data={"height": SIZE, "width": SIZE}
    )
    model = build_model(config, 3)
    outputs = model(taken)
    assert set(outputs) == {"logits", *shown} == set(output_names(model, config.data))
    assert models.input_of(model) == field_of(motion)
    assert models.motion_of(model) is (model.motion_layer if is_flow else None)
    assert set(ServingModule(model, config).answers) == {"serving_default"} | ({"flow"} if is_flow else set())
    assert applies(model, output_names(model, config.data)) is is_flow
    batch = {"clip": clip, "label": np.array([1])}
    assert set(tvnet.objective(model.options, batch, outputs)) == {"class"} | ({"energy"} if is_flow else set())


def test_the_class_term_reaches_the_motion(motion, taken):
    model, frames = make(motion), tf.constant(taken)
    # Through a layer that learns nothing, to what went in.
    reached = model.motion_layer.trainable_variables or [frames]
    with tf.GradientTape() as tape:
        tape.watch(frames)
        batch = {"clip": frames, "label": np.array([1])}
        term = tvnet.objective(model.options, batch, model(frames, training=True))["class"]
    for value, gradient in zip(reached, tape.gradient(term, reached), strict=True):
        assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0, value


def test_the_motion_learns_at_its_own_rate(motion):
    model = make(motion, motion_rate=0.25)
    rates = {**tvnet.learning_rates(model.options), **model.network_rates}
    if not model.motion_layer.trainable_variables:
        assert not rates
        return
    ((pattern, multiplier),) = rates.items()
    slow = {weight.path for weight in model.trainable_weights if re.search(pattern, weight.path)}
    assert multiplier == 0.25 and slow == {weight.path for weight in model.motion_layer.trainable_variables}
    frozen = make(motion, **FROZEN)
    assert tvnet.learning_rates(frozen.options) == frozen.network_rates == {}
    # What is trained is what the model says: a frozen layer answers with none, whatever the layers inside it do.
    of_motion = {id(weight) for weight in frozen.motion_layer.weights}
    assert of_motion and not of_motion & {id(weight) for weight in frozen.trainable_variables}


def test_a_stream_survives_its_file(motion, taken, tmp_path):
    model = make(motion, flow_fields=2)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.options == model.options
    np.testing.assert_allclose(loaded(taken)["logits"], model(taken)["logits"], atol=1e-5)


def test_what_a_motion_takes_is_needed_of_a_batch(motion):
    field = field_of(motion)
    assert models.needs_of(tvnet, options_of(motion)) == (("label",) if field == "clip" else ("label", field))


def test_stored_flow_is_seen_as_the_same_flow_of_a_layer_is(clip):
    live, stored = (make(motion, frames=8) for motion in ("tvnet", "stored"))
    found = match(stored, weight_values(live))
    # The classifier has its names whatever stands in front of it; the solver has no place here.
    assert not found.left and not found.reshaped and all(name.startswith("tvnet/") for name in found.unused)
    found.apply()
    np.testing.assert_allclose(stored(live.motion(clip))["logits"], live(clip)["logits"], atol=1e-5)


def test_a_clip_is_no_flow():
    with pytest.raises(ValueError, match=r"takes flow .*, 2\]. Received: \(1, 8, 32, 32, 3\)"):
        make("stored")(np.zeros((1, 8, SIZE, SIZE, 3), "uint8"))


def test_flows_of_the_frames_start_from_those_inside_a_network():
    inside = representation_flow.build(
        num_classes=3,
        clip_shape=(6, SIZE, SIZE, 3),
        options=representation_flow.Options(depth=10, width=4, place="input", bottleneck=4),
    )
    values = {name: value + 0.25 for name, value in weight_values(inside).items()}
    model = make("representation_flow", bottleneck=4)
    found = match(model, values)
    own = {name for name in weight_values(model) if name.startswith("flow/")}
    assert own and set(found.taken) == own | {"logits/bias"}
    found.apply()
    for name in own:
        np.testing.assert_array_equal(weight_values(model)[name], values[name], err_msg=name)
