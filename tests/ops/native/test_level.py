"""The native kernels around the iterations against what they stand in for: grey and smoothing, warps, whole levels."""

import numpy as np
import pytest
import tensorflow as tf

from tvnet_keras.ops.median import median_filter
from tvnet_keras.ops.tvl1.solver import steps_of

pytest.importorskip("numba", reason="needs numba (requirements-native.txt)")


def relative(ours, theirs):
    return np.linalg.norm(ours - theirs) / max(np.linalg.norm(theirs), 1e-6)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", ["uint8", "int32", "float32", "float64"])
def test_smooth_grey_frames_are_the_same(kind, channels):
    clip = np.random.default_rng(0).uniform(0, 255, (2, 3, 6, 4, channels)).astype(kind)
    for ours, theirs in zip(
        *(steps_of(mode).smooth_pairs(tf.constant(clip), (0, 255)) for mode in ("native", "portable")), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_gradient_of_the_frames_is_the_same():
    clip = tf.constant(np.random.default_rng(0).uniform(-1, 1, (1, 2, 6, 4, 3)), tf.float32)
    found = []
    for mode in ("native", "portable"):
        with tf.GradientTape() as tape:
            tape.watch(clip)
            first, second = steps_of(mode).smooth_pairs(clip, (-1, 1))
            loss = tf.reduce_sum(tf.cast(np.arange(24).reshape(6, 4), tf.float32) * (first - 2 * second**2))
        found.append(tape.gradient(loss, clip).numpy())
    assert relative(*found) < 1e-5


@pytest.mark.parametrize("size", [(7, 9), (3, 4), (1, 1), (130, 5)])
@pytest.mark.parametrize("shape", [(2, 6, 5, 2), (1, 1, 1, 2), (3, 8, 3, 1)])
def test_resized_images_and_their_gradient_are_the_same(shape, size):
    images = tf.constant(np.random.default_rng(0).normal(size=shape), tf.float32)
    weights = tf.constant(np.random.default_rng(1).normal(size=(shape[0], *size, shape[3])), tf.float32)
    found = []
    for mode in ("native", "portable"):
        with tf.GradientTape() as tape:
            tape.watch(images)
            resized = steps_of(mode).resize(images, *map(tf.constant, size))
            loss = tf.reduce_sum(weights * resized)
        found.append((resized, tape.gradient(loss, images)))
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def level(images, height, width, warps, seed=0):
    """Frames, a flow that leaves the image here and there, kernels and constants."""
    rng = np.random.default_rng(seed)
    frames = rng.uniform(0, 50, (2, images, height, width))
    flow = 3 * rng.normal(size=(images, height, width, 2))
    kernels = np.array([-1.0, 1.0]) + 0.1 * rng.normal(size=(warps, 3, 8, 2))
    return [tf.constant(part, tf.float32) for part in (*frames, flow, kernels, [0.25, 0.15, 0.3])]


def pulled_back(arguments, mode, median=0, detached=False):
    weights = tf.constant(np.random.default_rng(1).normal(size=arguments[2].shape), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(arguments)
        flow = steps_of(mode).solve_level(*arguments, median, detached)
        loss = tf.reduce_sum(weights * flow)
    return [flow.numpy(), *(gradient.numpy() for gradient in tape.gradient(loss, arguments))]


@pytest.mark.parametrize("shape", [(1, 5, 3, 1), (3, 6, 7, 2), pytest.param((1, 130, 20, 1), marks=pytest.mark.slow)])
@pytest.mark.parametrize("detached", [False, True])
def test_a_level_and_its_gradients_are_the_same(shape, detached):
    found = [pulled_back(level(*shape), mode, detached=detached) for mode in ("native", "portable")]
    for ours, theirs in zip(*found, strict=True):
        assert relative(ours, theirs) < 1e-4


@pytest.mark.parametrize(("shape", "median"), [((3, 6, 7, 2), 5), ((1, 130, 20, 2), 3)])
def test_a_level_with_a_median_filter_and_its_gradients_are_the_same(shape, median):
    arguments = level(*shape)
    ours, theirs = (pulled_back(arguments, mode, median) for mode in ("native", "portable"))
    np.testing.assert_allclose(ours[0], theirs[0], rtol=0, atol=2e-5)
    for our, their in zip(ours, theirs, strict=True):
        assert relative(our, their) < 1e-4


@pytest.mark.parametrize("size", [(1, 7), (70, 33)], ids=str)
def test_the_native_median_filter_is_the_portable_one_bit_for_bit(size):
    from tvnet_keras.ops.native import median

    # Few values, so that many are equal.
    state = np.random.default_rng(0).integers(0, 5, (6, 2, *size)).astype("float32")
    upstream = np.random.default_rng(1).integers(-9, 9, state.shape).astype("float32")
    for side in (3, 5):
        fields = tf.constant(state[:2].reshape(-1, *size))
        with tf.GradientTape() as tape:
            tape.watch(fields)
            filtered = median_filter(fields, side)
        bar = tape.gradient(filtered, fields, tf.constant(upstream[:2].reshape(fields.shape)))
        result, ours = median.filter_flow(state, side), upstream.copy()
        median.pull_back(state, ours, side)
        np.testing.assert_array_equal(result[:2].reshape(fields.shape), filtered)
        np.testing.assert_array_equal(ours[:2].reshape(fields.shape), bar)
        np.testing.assert_array_equal([result[2:], ours[2:]], [state[2:], upstream[2:]])


@pytest.mark.parametrize("median", [0, 3])
def test_a_function_differentiated_from_outside_computes_what_it_did_not_keep(median):
    arguments = level(1, 6, 5, 2)
    inside = pulled_back(arguments, "native", median)[1:]
    function = tf.function(lambda *tensors: steps_of("native").solve_level(*tensors, median), autograph=False)
    function(*arguments)
    weights = tf.constant(np.random.default_rng(1).normal(size=arguments[2].shape), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(arguments)
        loss = tf.reduce_sum(weights * function(*arguments))
    for ours, theirs in zip(tape.gradient(loss, arguments), inside, strict=True):
        assert relative(ours.numpy(), theirs) < 1e-5


@pytest.mark.parametrize("median", [0, 5])
def test_a_flow_that_is_not_a_number_stays_visible(median):
    arguments = level(1, 6, 5, 1)
    flow = arguments[2].numpy()
    flow[0, 3, 2] = np.nan
    result = steps_of("native").solve_level(*arguments[:2], tf.constant(flow), *arguments[3:], median).numpy()
    assert np.isnan(result[0, 3, 2]).all() and np.isfinite(result[0, 0, 0]).all()
