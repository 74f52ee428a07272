"""Stored flow in the place of frames: which steps are stacked, and what TV-L1 says of TV-L1's flow."""

import keras
import numpy as np
import pytest
from keras import ops

import models
from launch.run.config import check, new_config
from launch.weights.by_name import match, weight_values
from launch.weights.init_from import over_channels
from models import representation_flow
from models.parts.stored_motion import StoredMotion, frames_of_stack
from tests.textures import texture
from tvnet_keras.errors import InputError

SIZE = 48
SMALL = {"depth": 10, "width": 4, "bottleneck": 3, "iterations": 2, "dropout": 0.0, "place": "none"}


def array(tensor):
    return ops.convert_to_numpy(tensor)


def make(frames=16, **options):
    keras.utils.set_random_seed(0)
    chosen = representation_flow.Options(**{**SMALL, **options})
    return representation_flow.build(num_classes=3, clip_shape=(frames, SIZE, SIZE, 3), options=chosen)


def numbered(steps):
    """Flow whose every field has its number as u and a hundred more as v, in pixels."""
    fields = np.arange(steps, dtype="float32")[None, :, None, None, None] + np.float32([0, 100])
    return np.broadcast_to(fields, (1, steps, 8, 8, 2))


def test_three_stacks_of_ten_fields_are_seen_of_sixteen_frames():
    # FACTS: stacks of the frames 0-9, 2-11 and 4-13, x and y of each.
    seen = array(StoredMotion("stored", fields=10, bound=200)(numbered(15)))[0, :, 0, 0] * 200
    expected = [[value for step in range(first, first + 10) for value in (step, step + 100)] for first in (0, 2, 4)]
    np.testing.assert_allclose(seen, expected, atol=1e-4)


def test_a_network_of_clips_sees_every_field_once():
    seen = array(StoredMotion("stored", bound=200)(numbered(7)))[0, :, 0, 0] * 200
    np.testing.assert_allclose(seen, [[step, step + 100] for step in range(7)], atol=1e-4)


def test_beyond_its_bound_flow_is_clipped():
    assert array(StoredMotion("stored", bound=5)(numbered(7))).max() == 1


def test_tvl1_of_flow_follows_each_component_by_itself():
    # u is a texture that moves by (1, 0), v one that moves by (0, -0.5): the flow of the flow is just that.
    u, v = (
        np.stack([texture(64, 64, (t * x, t * y), seed) for t in range(4)])
        for seed, (x, y) in enumerate(((1, 0), (0, -0.5)))
    )
    flow = (np.stack([u, v], axis=-1) / 127.5 - 1)[None].astype("float32") * 4
    twice = array(StoredMotion("stored_twice", bound=4)(flow))[0] * 4
    assert twice.shape == (3, 64, 64, 4)
    inside = twice[:, 12:-12, 12:-12].mean(axis=(0, 1, 2))
    np.testing.assert_allclose(inside, [1, 0, 0, -0.5], atol=0.05)


def test_motion_that_never_changes_has_no_flow_of_flow():
    flow = np.broadcast_to(np.random.default_rng(0).normal(size=(1, 1, 32, 32, 2)), (1, 4, 32, 32, 2))
    assert np.abs(array(StoredMotion("stored_twice")(flow.astype("float32")))).max() < 1e-5


@pytest.mark.parametrize(("motion", "channels"), [("stored", 2), ("stored_twice", 4)])
@pytest.mark.parametrize("fields", [1, 3])
def test_its_shape_is_known_beforehand(motion, channels, fields):
    layer = StoredMotion(motion, fields)
    flow = np.zeros((1, 6, 32, 32, 2), "float32")
    assert layer.compute_output_shape(flow.shape) == tuple(layer(flow).shape)
    assert layer.compute_output_shape((None, None, 32, 32, 2)) == (None, None, 32, 32, channels * fields)
    assert not layer.trainable_variables


def test_fewer_steps_than_a_stack_and_frames_are_refused():
    with pytest.raises(ValueError, match="needs at least 10 steps. Received: 9"):
        StoredMotion("stored", fields=10)(numbered(9))
    with pytest.raises(ValueError, match=r"The model takes flow .* Received: \(1, 16, 8, 8, 3\)"):
        StoredMotion("stored")(np.zeros((1, 16, 8, 8, 3), "float32"))


@pytest.mark.parametrize(
    ("options", "stacks"),
    [
        ({"motion": "stored", "flow_fields": 10}, 3),
        ({"motion": "stored", "backbone": "resnet3d_inflated"}, 15),
        ({"motion": "stored_twice", "flow_fields": 10}, 3),
    ],
)
def test_a_network_of_stored_flow_takes_it_of_the_batch(options, stacks):
    model = make(**options)
    flow = np.random.default_rng(0).normal(size=(2, 15, SIZE, SIZE, 2)).astype("float32")
    assert models.input_of(model) == "flow" and model.stored(flow).shape[1] == stacks
    logits = array(model(flow)["logits"])
    assert logits.shape == (2, 3) and np.isfinite(logits).all() and np.abs(logits[0] - logits[1]).max() > 0
    assert models.needs_of(representation_flow, model.options) == ("label", "flow")


def test_logits_of_a_network_of_single_frames_are_the_mean_over_its_stacks():
    model = make(motion="stored", flow_fields=10)
    flow = np.random.default_rng(0).normal(size=(1, 15, SIZE, SIZE, 2)).astype("float32")
    every = [array(model.after.layer(stack)) for stack in np.moveaxis(array(model.stored(flow)), 1, 0)]
    np.testing.assert_allclose(model(flow)["logits"], np.mean(every, axis=0), atol=1e-5)


def test_frames_are_what_a_network_sees_unless_it_is_told_otherwise():
    assert models.input_of(make()) == "clip" and models.needs_of(representation_flow, make().options) == ("label",)


def test_a_clip_holds_one_stack():
    assert (frames_of_stack("stored", 10), frames_of_stack("stored_twice", 10)) == (11, 12)
    short = new_config("representation_flow", "moving_shapes", model={"motion": "stored", "flow_fields": 10})
    assert short.data.frames == 11
    short.data.frames = 10
    with pytest.raises(InputError, match="needs clips of at least 11 frames"):
        check(short)


def test_rgb_weights_start_a_network_of_stacks_by_their_mean():
    rgb, flow = make(), make(motion="stored", flow_fields=10)
    found = match(flow, weight_values(rgb), over_channels(flow))
    assert found.fitted == ["conv1_conv/kernel"] and not found.reshaped and not found.unused
    found.apply()
    kernel, started = weight_values(rgb)["conv1_conv/kernel"], weight_values(flow)["conv1_conv/kernel"]
    np.testing.assert_allclose(started, np.repeat(kernel.mean(axis=2, keepdims=True), 20, axis=2), atol=1e-6)


def test_it_survives_its_file(tmp_path):
    model = make(motion="stored_twice", flow_fields=3)
    flow = np.random.default_rng(0).normal(size=(1, 15, SIZE, SIZE, 2)).astype("float32")
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded(flow)["logits"], model(flow)["logits"], atol=1e-5)
