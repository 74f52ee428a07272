"""`variant="official"` against outputs and gradients of the authors' code, fed the very same floats."""

import numpy as np
import pytest
import tensorflow as tf

from tvnet_keras import TVNet
from tvnet_keras.ops.tvl1 import released
from tvnet_keras.ops.tvl1.solver import steps_of

DIVERGENCE = [f"divergence/div_{p}_diff_{axis}" for p in ("p1", "p2") for axis in "xy"]
GRADIENT = [f"forward_gradient/{u}_diff_{axis}" for u in ("u1", "u2") for axis in "xy"]
# In the order of the layer's kernels.
KERNELS = [*DIVERGENCE, *GRADIENT]


def official(scales, warps, iterations, mode):
    return TVNet(scales, warps, iterations, value_range=(0, 255), variant="official", mode=mode)


def golden_clip(golden):
    return np.stack([golden["x1"], golden["x2"]], axis=1)


def relative_error(value, expected):
    return np.linalg.norm(value - expected) / max(np.linalg.norm(expected), 1e-6)


@pytest.mark.parametrize("mode", ["portable", "auto"])
@pytest.mark.parametrize(("network", "tolerance"), [((1, 1, 10), 1e-5), ((1, 1, 50), 1e-5), ((3, 1, 10), 1e-4)])
def test_flow_equals_the_official_output(goldens, network, tolerance, mode):
    golden = np.load(goldens / f"tvnet_smooth64x80_{'-'.join(map(str, network))}.npz")
    flow = official(*network, mode)(golden_clip(golden))[:, 0]
    np.testing.assert_allclose(flow, np.concatenate([golden["u1"], golden["u2"]], axis=-1), atol=tolerance, rtol=0)


def test_grey_is_exactly_the_official_one_and_smoothing_to_a_few_roundings(goldens):
    golden = np.load(goldens / "tvnet_smooth64x80_1-1-10.npz")
    clip = tf.constant(golden_clip(golden))
    np.testing.assert_array_equal(released.floored_grey(clip)[:, 0], golden["grey1"][..., 0])
    for image, expected in zip(released.prepare(clip), ("smooth1", "smooth2"), strict=True):
        np.testing.assert_allclose(image, golden[expected][..., 0], atol=1e-4, rtol=0)


@pytest.mark.parametrize("mode", ["portable", "auto"])
def test_gradients_of_frames_u0_and_every_kernel_equal_the_official_ones(goldens, mode):
    golden = np.load(goldens / "tvnetgrad_smooth64x80_1-1-10.npz")
    images = np.load(goldens / "tvnet_smooth64x80_1-1-10.npz")
    layer = official(1, 1, 10, mode)
    layer.build((1, 2, 64, 80, 3))
    smoothed = [tf.constant(images[name][..., 0]) for name in ("smooth1", "smooth2")]
    with tf.GradientTape() as tape:
        tape.watch(smoothed)
        flow = layer._flow(*smoothed, steps_of(mode))
        loss = tf.reduce_mean(tf.reduce_sum(flow**2, axis=-1))
    frames = tape.gradient(loss, [*smoothed, layer.u0.value, layer.kernels.value])
    first, second, u0, kernels = (value.numpy() for value in frames)
    assert relative_error(first, golden["msq/smooth1"][..., 0]) < 1e-4
    assert relative_error(second, golden["msq/smooth2"][..., 0]) < 1e-4
    for channel in (0, 1):
        assert relative_error(u0[..., channel], golden[f"msq/tvl1_flow/scale0/u{channel + 1}:0"][0, ..., 0]) < 1e-4
    for iteration in range(10):
        for kernel, name in enumerate(KERNELS):
            key = f"msq/tvl1_flow/scale0/warping0/iter{iteration}/{name}/kernel:0"
            # The last dual update changes nothing that is fetched: the official graph has no gradient there.
            expected = golden[key].ravel() if key in golden else np.zeros(2)
            assert relative_error(kernels[0, 0, iteration, kernel], expected) < 1e-4, key


def test_frames_get_no_gradient_through_the_floor():
    clip = tf.constant(np.random.default_rng(0).uniform(0, 255, (1, 2, 16, 18, 3)), tf.float32)
    layer = official(1, 1, 3, "auto")
    with tf.GradientTape() as tape:
        tape.watch(clip)
        loss = tf.reduce_sum(layer(clip))
    assert not np.any(tape.gradient(loss, clip, unconnected_gradients="zero"))


def test_flow_of_the_authors_own_pair_equals_their_stored_result(goldens):
    golden = np.load(goldens / "tvnet_own_pair_1-1-50.npz")
    flow = official(1, 1, 50, "auto")(golden["frames"][None])[0, 0]
    np.testing.assert_allclose(flow, golden["flow"], atol=2e-4, rtol=0)


@pytest.mark.parametrize("u", [-1.5, -0.25, 0.0, 0.5, 2.25])
def test_released_warp_shrinks_displacements_zeroes_the_left_and_extrapolates_to_the_right(u):
    ramp = np.tile(np.arange(1, 9, dtype="float32")[None, None, :, None], (1, 5, 1, 1))
    flow = np.zeros((1, 5, 8, 2), "float32")
    flow[..., 0] = u
    position = np.arange(8) + u * 7 / 8
    expected = np.where(position < 0, 0, 1 + position)
    np.testing.assert_allclose(released.warp(ramp, flow)[0, 2, :, 0], expected, atol=1e-5)


def test_a_flat_pair_is_not_stretched():
    flat = tf.fill((1, 4, 5), 7.0)
    for image in released.stretch(flat, flat):
        np.testing.assert_array_equal(image, flat)


@pytest.mark.slow
def test_unknown_sizes_give_the_flow_of_known_ones():
    layer = official(2, 1, 4, "portable")
    clip = tf.constant(np.random.default_rng(1).uniform(0, 255, (1, 2, 33, 47, 3)), tf.float32)
    known = layer(clip)
    unknown = tf.function(layer.call, input_signature=[tf.TensorSpec((None, None, None, None, 3))])(clip)
    np.testing.assert_allclose(unknown, known, atol=1e-3)
