"""Why the TV-L1 energy has fixed derivative kernels: with the released trainable ones the loss falls without the flow.

A noisy pair, so that there is something to gain by giving up smoothness.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.textures import moving_clip
from tvnet_keras import TVNet
from tvnet_keras.losses.endpoint import end_point_error
from tvnet_keras.losses.tvl1_energy import DATA_WEIGHT, tvl1_energy
from tvnet_keras.ops.gradients import FORWARD_TAPS, forward_x, forward_y
from tvnet_keras.ops.warp import warp

pytestmark = pytest.mark.slow  # Hundreds of steps of several solvers.

VELOCITY = (1.5, -0.75)
CLIP = np.clip(moving_clip(2, 24, 31, VELOCITY) + np.random.default_rng(0).normal(0, 0.05, (1, 2, 24, 31, 3)), 0, 1)
CLIP = CLIP.astype("float32")
STEPS = 70
RATE = 0.03


def variation(flow, kernels):
    """Mean total variation of `[1, H, W, 2]`, measured with four two-tap kernels `[4, 2]`: u_x, u_y, v_x, v_y."""
    derivatives = ((0, forward_x), (0, forward_y), (1, forward_x), (1, forward_y))
    terms = [difference(flow[..., c], kernels[k]) for k, (c, difference) in enumerate(derivatives)]
    return tf.add_n([tf.reduce_mean(tf.abs(term)) for term in terms])


def released_loss(flow, kernels):
    """`get_loss` of the released code; with forward differences as kernels it is the TV-L1 energy."""
    brightness = tf.reduce_mean(tf.abs(warp(255 * CLIP[:, 1], flow) - 255 * CLIP[:, 0]))
    return DATA_WEIGHT * brightness + variation(flow, kernels)


def initial_kernels():
    return keras.Variable(np.tile(np.float32(FORWARD_TAPS), (4, 1)), name="loss_kernels")


def train(kernels_learn):
    """Rows of the loss, the energy with fixed kernels, the variation with fixed kernels and the end-point error."""
    layer, kernels, rows = TVNet(1, 1, 10), initial_kernels(), []
    layer.build(CLIP.shape)
    learned = [*layer.trainable_variables, *([kernels] if kernels_learn else [])]
    optimizer = keras.optimizers.Adam(RATE)
    for _ in range(STEPS):
        with tf.GradientTape() as tape:
            flow = layer(CLIP)
            loss = released_loss(flow[:, 0], kernels.value)
        error = tf.reduce_mean(end_point_error(tf.constant(VELOCITY), flow))
        rows.append([loss, tvl1_energy(CLIP, flow)[0], variation(flow[:, 0], initial_kernels().value), error])
        optimizer.apply(tape.gradient(loss, [weight.value for weight in learned]), learned)
    return np.array(rows), keras.ops.convert_to_numpy(kernels)


@pytest.fixture(scope="module")
def fixed():
    return train(kernels_learn=False)[0]


@pytest.fixture(scope="module")
def trainable():
    return train(kernels_learn=True)


def test_with_forward_differences_the_released_loss_is_the_energy(fixed):
    np.testing.assert_allclose(fixed[:, 0], fixed[:, 1], rtol=1e-5)


def test_fixed_kernels_lower_energy_variation_and_error(fixed):
    _, energy, variations, error = fixed.T
    assert energy[-1] < 0.8 * energy[0] and variations[-1] < 0.6 * variations[0] and error[-1] < 0.6 * error[0]
    half = STEPS // 2
    assert energy[-1] < energy[half] and variations[-1] < variations[half] and error[-1] < error[half]


def test_trainable_kernels_vanish_and_the_loss_falls_while_the_flow_gets_worse(fixed, trainable):
    rows, kernels = trainable
    loss, energy, variations, error = rows.T
    half = STEPS // 2
    assert np.abs(kernels).max() < 0.1
    assert loss[-1] < 0.9 * loss[half] and loss[-1] < 0.8 * fixed[-1, 0]
    assert energy[-1] > energy[half] and variations[-1] > 1.3 * variations[half] and error[-1] > error[half]
    assert energy[-1] > 1.1 * fixed[-1, 1] and error[-1] > 1.2 * fixed[-1, 3]


def test_a_fixed_flow_can_do_without_any_variation():
    # The variation is homogeneous in its kernels: their gradient along themselves is all of it, so that descending
    # takes all of it away and leaves the flow as it is.
    flow, kernels = TVNet(1, 1, 10)(CLIP)[:, 0], initial_kernels()
    with tf.GradientTape() as tape:
        cost = variation(flow, kernels.value)
    along = tf.reduce_sum(tape.gradient(cost, kernels.value) * kernels.value)
    assert float(cost) > 0.1 and float(along) == pytest.approx(float(cost), rel=1e-5)
    assert float(variation(flow, 0 * kernels.value)) == 0
