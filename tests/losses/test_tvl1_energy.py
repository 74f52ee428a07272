"""The TV-L1 energy: zero where nothing moves, lower for the true flow, known values, the same for integers."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests import oracle
from tests.examples import LossExample
from tests.textures import moving_clip
from tvnet_keras import TVL1Energy
from tvnet_keras.losses.tvl1_energy import tvl1_energy

STILL = np.repeat(moving_clip(1, 9, 11), 3, axis=1)
EXAMPLE = LossExample(
    lambda: TVL1Energy((0, 1), data_weight=0.3), target=STILL, perfect=np.zeros((1, 2, 9, 11, 2), "float32")
)
VELOCITY = (1.0, -0.5)
CLIP = moving_clip(3, 20, 24, VELOCITY)


def constant_flow(u, v, clip=CLIP):
    batch, frames, height, width, _ = clip.shape
    return np.broadcast_to(np.float32([u, v]), (batch, frames - 1, height, width, 2)).copy()


def energy(clip, flow, **kwargs):
    return keras.ops.convert_to_numpy(tvl1_energy(tf.constant(clip), tf.constant(flow), **kwargs))


def test_constant_clip_and_constant_flow_cost_nothing():
    clip = np.full_like(CLIP, 0.3)
    np.testing.assert_allclose(energy(clip, constant_flow(2, -1)), 0, atol=1e-4)


def test_the_true_flow_costs_less_than_none_and_than_its_opposite():
    true, none, opposite = (energy(CLIP, constant_flow(s * VELOCITY[0], s * VELOCITY[1]))[0] for s in (1, 0, -1))
    assert true < 0.3 * none < none < opposite


def test_any_flow_has_the_oracles_energy():
    flow = np.random.default_rng(0).normal(0, 2, (1, 2, 20, 24, 2)).astype("float32")
    assert energy(CLIP, flow)[0] == pytest.approx(oracle.tvl1_energy(255.0 * CLIP[0], flow[0]), rel=1e-5)


def test_brightness_and_variation_have_their_known_values():
    height, width = 5, 8
    clip = np.zeros((1, 2, height, width, 1), "float32")
    clip[:, 1] = 0.2
    flow = np.zeros((1, 1, height, width, 2), "float32")
    flow[..., 0] = 3 * np.arange(width)
    # The forward difference has no last column: width - 1 steps of 3 px over width pixels.
    expected = 0.15 * 0.2 * 255 + 3 * (width - 1) / width
    assert energy(clip, flow)[0] == pytest.approx(expected, rel=1e-5)


def test_the_data_weight_scales_the_brightness_term_only():
    flow = constant_flow(0, 0)
    assert energy(CLIP, flow, data_weight=0.3)[0] == pytest.approx(2 * energy(CLIP, flow)[0], rel=1e-5)


@pytest.mark.parametrize("value_range", [(0, 1), (0, 255), (-1, 1)])
def test_integers_equal_floats_of_any_value_range(value_range):
    frames = np.round(CLIP * 255).astype("uint8")
    low, high = value_range
    floats = (low + frames.astype("float32") * ((high - low) / 255)).astype("float32")
    loss, flow = TVL1Energy(value_range), constant_flow(0.5, 0.5)
    assert float(loss(frames, flow)) == pytest.approx(float(loss(floats, flow)), rel=1e-5)


def test_every_clip_has_its_own_energy():
    both = np.concatenate([CLIP, np.zeros_like(CLIP)])
    costs = energy(both, constant_flow(0, 0, both))
    assert costs.shape == (2,)
    assert costs[0] == pytest.approx(energy(CLIP, constant_flow(0, 0))[0], rel=1e-5)
    assert costs[1] == 0


def test_the_gradient_leads_to_the_true_flow():
    # One displacement for every pixel, so that the brightness term alone decides.
    displacement = tf.Variable([0.0, 0.0])

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            cost = tvl1_energy(tf.constant(CLIP), tf.zeros((1, 2, 20, 24, 2)) + displacement)[0]
        displacement.assign_sub(0.05 * tape.gradient(cost, displacement))

    for _ in range(80):
        step()
    np.testing.assert_allclose(displacement.numpy(), VELOCITY, atol=0.1)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_works_inside_compile(dtype):
    clip = np.round(CLIP * 255).astype("uint8")
    clip = clip if dtype == "uint8" else clip.astype("float32") / 255
    inputs = keras.Input(CLIP.shape[1:])
    flow = keras.layers.Conv3D(2, (2, 1, 1), kernel_initializer="zeros")(inputs)
    model = keras.Model(inputs, {"flow": flow})
    model.compile("sgd", loss={"flow": TVL1Energy()})
    expected = float(TVL1Energy()(clip, constant_flow(0, 0)))
    assert model.evaluate(clip, {"flow": clip}, verbose=0) == pytest.approx(expected, rel=1e-4)
    weighted = model.evaluate(clip, {"flow": clip}, sample_weight={"flow": np.float32([0.5])}, verbose=0)
    assert weighted == pytest.approx(expected / 2, rel=1e-4)
    assert np.isfinite(model.fit(clip, {"flow": clip}, verbose=0).history["loss"][0])


def test_a_flow_with_as_many_steps_as_frames_is_refused():
    with pytest.raises(ValueError, match=r"T - 1 steps.*\(1, 3, 20, 24, 3\).*\(1, 3, 20, 24, 2\)"):
        tvl1_energy(tf.constant(CLIP), tf.zeros((1, 3, 20, 24, 2)))
