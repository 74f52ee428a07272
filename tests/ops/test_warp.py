"""Warping is exact where bilinear sampling is (whole pixels, ramps, clamped borders) and so is its gradient."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests import oracle
from tvnet_keras.ops.warp import stays_inside, warp

RANDOM = np.random.default_rng(0)


def constant_flow(shape, u, v):
    return np.broadcast_to(np.float32([u, v]), (*shape, 2)).copy()


def warped(images, flow):
    return keras.ops.convert_to_numpy(warp(tf.constant(images, "float32"), tf.constant(flow, "float32")))


def test_zero_flow_is_the_identity():
    images = RANDOM.normal(size=(2, 6, 9, 3)).astype("float32")
    np.testing.assert_array_equal(warped(images, constant_flow((2, 6, 9), 0, 0)), images)


@pytest.mark.parametrize(("u", "v"), [(1, 0), (0, 1), (-2, 3), (4, -1)])
def test_whole_pixels_are_exact_and_borders_are_clamped(u, v):
    images = RANDOM.normal(size=(2, 6, 9, 3)).astype("float32")
    rows = np.clip(np.arange(6) + v, 0, 5)
    columns = np.clip(np.arange(9) + u, 0, 8)
    np.testing.assert_array_equal(warped(images, constant_flow((2, 6, 9), u, v)), images[:, rows][:, :, columns])


def test_positive_u_looks_to_the_right_and_positive_v_down():
    images = np.zeros((1, 5, 5, 1), "float32")
    images[0, 2, 3], images[0, 3, 2] = 1, 2
    assert warped(images, constant_flow((1, 5, 5), 1, 0))[0, 2, 2, 0] == 1
    assert warped(images, constant_flow((1, 5, 5), 0, 1))[0, 2, 2, 0] == 2


def test_linear_ramps_are_exact_at_fractions():
    y, x = np.mgrid[:7, :9].astype("float32")
    flow = RANDOM.uniform(-0.9, 0.9, (1, 7, 9, 2)).astype("float32")
    ramp = (3 * x - 2 * y + 1)[None, ..., None]
    expected = 3 * (x + flow[0, ..., 0]) - 2 * (y + flow[0, ..., 1]) + 1
    inside = np.s_[1:-1, 1:-1]
    np.testing.assert_allclose(warped(ramp, flow)[0, ..., 0][inside], expected[inside], atol=1e-5)


def test_far_outside_is_the_nearest_corner():
    images = RANDOM.normal(size=(1, 4, 5, 1)).astype("float32")
    np.testing.assert_array_equal(
        warped(images, constant_flow((1, 4, 5), 1e4, -1e4)), np.full((1, 4, 5, 1), images[0, 0, -1, 0])
    )


@pytest.mark.parametrize("size", [(1, 1), (1, 6), (5, 1), (5, 6)])
def test_equals_the_oracle_on_every_size(size):
    images, flow = RANDOM.normal(size=(2, *size, 1)), RANDOM.normal(0, 3, (2, *size, 2))
    expected = [
        oracle.warp(image[..., 0], *np.moveaxis(vectors, -1, 0)) for image, vectors in zip(images, flow, strict=True)
    ]
    np.testing.assert_allclose(warped(images, flow)[..., 0], expected, atol=1e-5)


def test_each_batch_entry_samples_its_own_image():
    images = np.stack([np.full((4, 4, 1), value, "float32") for value in (1, 2, 3)])
    np.testing.assert_array_equal(warped(images, RANDOM.normal(size=(3, 4, 4, 2))), images)


@pytest.mark.parametrize("argument", [0, 1])
def test_gradient_equals_finite_differences(argument):
    # float64, and fractions well inside a pixel: at whole displacements bilinear sampling has a kink.
    images = RANDOM.normal(size=(2, 5, 6, 2))
    flow = RANDOM.integers(-2, 3, (2, 5, 6, 2)) + RANDOM.uniform(0.1, 0.9, (2, 5, 6, 2))
    weights = RANDOM.normal(size=images.shape)
    arguments = [tf.Variable(images), tf.Variable(flow)]

    def value():
        return tf.reduce_sum(weights * warp(tf.convert_to_tensor(arguments[0]), tf.convert_to_tensor(arguments[1])))

    with tf.GradientTape() as tape:
        result = value()
    gradient = keras.ops.convert_to_numpy(tape.gradient(result, arguments[argument]))
    direction, step, start = RANDOM.normal(size=gradient.shape), 1e-6, arguments[argument].numpy()
    arguments[argument].assign(start + step * direction)
    above = value().numpy()
    arguments[argument].assign(start - step * direction)
    below = value().numpy()
    assert np.sum(gradient * direction) == pytest.approx((above - below) / (2 * step), rel=1e-6)


def test_gradient_of_clamped_positions_is_zero():
    flow = tf.Variable(constant_flow((1, 4, 5), 50, 50))
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(warp(tf.constant(RANDOM.normal(size=(1, 4, 5, 1)), "float32"), flow))
    np.testing.assert_array_equal(tape.gradient(total, flow), 0)


def test_a_flow_of_three_channels_is_refused():
    with pytest.raises(ValueError, match=r"2 channels.*\(1, 4, 4, 3\)"):
        warp(tf.zeros((1, 4, 4, 1)), tf.zeros((1, 4, 4, 3)))


@pytest.mark.parametrize(
    ("images", "flow", "said"),
    [
        ((1, 4, 6, 3), (4, 6, 2), r"\[N, H, W, 2\].*\(4, 6, 2\)"),
        ((1, 2, 4, 6, 3), (1, 4, 6, 2), r"\[N, H, W, C\].*\(1, 2, 4, 6, 3\)"),
        ((1, 4, 6, 3), (1, 2, 6, 2), r"height and width.*\(1, 2, 6, 2\)"),
    ],
    ids=["a field without its axis N", "a clip", "another height"],
)
def test_shapes_that_would_be_broadcast_are_refused(images, flow, said):
    with pytest.raises(ValueError, match=said):
        warp(np.zeros(images, "float32"), np.zeros(flow, "float32"))


def test_a_position_stays_inside_up_to_and_with_the_border():
    flow = np.zeros((1, 3, 4, 2), "float32")
    flow[0, 0] = [[0, 0], [2, 2], [1.5, 0], [0, -0.5]]
    flow[0, 1] = [[-0.25, 0], [-1, -1], [1, 1], [1e6, 0]]
    flow[0, 2] = [[3, -2], [0, 0.25], [-np.inf, 0], [np.nan, 0]]
    expected = [[True, True, False, False], [False, True, True, False], [True, False, False, False]]
    np.testing.assert_array_equal(stays_inside(tf.constant(flow))[0], expected)


def test_what_stays_inside_is_not_clamped():
    # On a ramp, a clamped sample is another value than the one at the position that was asked for.
    flow = RANDOM.normal(0, 3, (1, 6, 7, 2)).astype("float32")
    y, x = np.mgrid[:6, :7].astype("float32")
    for axis, ramp in enumerate((x, y)):
        found = warped(ramp[None, ..., None], flow)[0, ..., 0]
        as_asked = np.abs(found - (ramp + flow[0, ..., axis])) < 1e-4
        other = [(y, 5), (x, 6)][axis]
        across = other[0] + flow[0, ..., 1 - axis]
        inside = as_asked & (across >= 0) & (across <= other[1])
        np.testing.assert_array_equal(stays_inside(tf.constant(flow))[0], inside)
