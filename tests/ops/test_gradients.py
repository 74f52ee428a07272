"""Image derivatives on ramps and borders; divergence is minus the adjoint of the forward gradient, tap by tap."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests import oracle
from tvnet_keras.ops import gradients
from tvnet_keras.ops.gradients import CENTRAL_TAPS, FORWARD_TAPS

RANDOM = np.random.default_rng(0)
SHAPE = (2, 7, 9)


def numpy(result):
    return [keras.ops.convert_to_numpy(part) for part in result]


def random_field(shape=SHAPE):
    return tf.constant(RANDOM.normal(size=shape))


def random_dual_field():
    """A vector field as TV-L1 keeps it: px is zero in the last column, py in the last row."""
    px, py = RANDOM.normal(size=(2, *SHAPE))
    px[:, :, -1], py[:, -1] = 0, 0
    return tf.constant(px), tf.constant(py)


def dot(a, b):
    return float(np.sum(np.asarray(a) * np.asarray(b)))


def test_central_gradient_of_a_ramp_is_its_slope_and_half_of_it_at_the_border():
    y, x = np.mgrid[:6, :8].astype(float)
    gx, gy = numpy(gradients.central_gradient(tf.constant((3 * x - 2 * y)[None])))
    np.testing.assert_allclose(gx[0, :, 1:-1], 3)
    np.testing.assert_allclose(gx[0][:, [0, -1]], 1.5)
    np.testing.assert_allclose(gy[0, 1:-1], -2)
    np.testing.assert_allclose(gy[0][[0, -1]], -1)


def test_central_gradient_equals_the_oracle():
    images = random_field()
    for got, expected in zip(np.moveaxis(numpy(gradients.central_gradient(images)), 0, 1), images.numpy(), strict=True):
        np.testing.assert_allclose(got, oracle.image_gradient(expected), atol=1e-12)


def test_the_initial_central_taps_give_the_very_bits_of_the_fixed_ones():
    # What a TVNet that learns its image gradient gives before it has learned anything depends on it.
    images = tf.cast(100 * random_field(), "float32")
    taps = tf.constant([CENTRAL_TAPS] * 2)
    fixed, learned = numpy(gradients.central_gradient(images)), numpy(gradients.central_gradient(images, taps))
    np.testing.assert_array_equal(learned, fixed)


def test_other_central_taps_equal_the_oracle():
    images, taps = random_field(), RANDOM.normal(size=(2, 3))
    found = np.moveaxis(numpy(gradients.central_gradient(images, tf.constant(taps))), 0, 1)
    for got, expected in zip(found, images.numpy(), strict=True):
        np.testing.assert_allclose(got, oracle.weighted_gradient(expected, taps), atol=1e-12)


def test_forward_differences_of_a_ramp_and_zero_at_the_far_border():
    y, x = np.mgrid[:6, :8].astype(float)
    ramp = tf.constant((3 * x - 2 * y)[None])
    right, down = numpy([gradients.forward_x(ramp), gradients.forward_y(ramp)])
    np.testing.assert_allclose(right[0, :, :-1], 3)
    np.testing.assert_allclose(right[0, :, -1], 0)
    np.testing.assert_allclose(down[0, :-1], -2)
    np.testing.assert_allclose(down[0, -1], 0)


def test_divergence_of_a_linear_field_is_constant_inside():
    y, x = np.mgrid[:6, :8].astype(float)
    result = gradients.divergence(tf.constant(2 * x[None]), tf.constant(5 * y[None]))
    np.testing.assert_allclose(np.asarray(result)[0, 1:, 1:], 7)


def test_divergence_is_minus_the_adjoint_of_the_forward_gradient():
    field, (px, py) = random_field(), random_dual_field()
    forward = dot(gradients.forward_x(field), px) + dot(gradients.forward_y(field), py)
    assert forward == pytest.approx(-dot(field, gradients.divergence(px, py)), rel=1e-12)


@pytest.mark.parametrize("axis", ["x", "y"])
@pytest.mark.parametrize("tap", [0, 1])
def test_each_tap_of_the_divergence_is_the_adjoint_of_the_other_gradient_tap(axis, tap):
    # <f(x), p> = <f, p> for the near tap and <f(x + 1), p> = <f, p(x - 1)> for the far one, p = 0 at the far border.
    field, dual = random_field(), dict(zip("xy", random_dual_field(), strict=True))[axis]
    near, far = np.eye(2)[tap], np.eye(2)[1 - tap]
    forward = getattr(gradients, f"forward_{axis}")(field, near)
    backward = getattr(gradients, f"backward_{axis}")(dual, far)
    assert dot(forward, dual) == pytest.approx(dot(field, backward), rel=1e-12)


def test_the_divergence_of_any_dual_field_sums_to_zero():
    assert float(np.sum(gradients.divergence(*random_dual_field()))) == pytest.approx(0, abs=1e-10)


def test_taps_are_differentiable():
    taps = tf.Variable(FORWARD_TAPS, dtype="float64")
    field = random_field()
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(gradients.forward_x(field, taps)[:, :, :-1])
    expected = [np.sum(field[:, :, :-1]), np.sum(field[:, :, 1:])]
    np.testing.assert_allclose(tape.gradient(total, taps), expected, rtol=1e-10)


@pytest.mark.parametrize("shape", [(1, 1, 5), (1, 5, 1), (1, 1, 1)])
def test_one_pixel_wide_images_have_no_gradient_across(shape):
    field = random_field(shape)
    gx, gy = numpy(gradients.central_gradient(field))
    if shape[2] == 1:
        np.testing.assert_array_equal([gx, gradients.forward_x(field)], 0)
    if shape[1] == 1:
        np.testing.assert_array_equal([gy, gradients.forward_y(field)], 0)
