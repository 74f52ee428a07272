"""The generalised Charbonnier penalty: its formula, |x| in the limit, and a finite slope everywhere."""

import numpy as np
import pytest
import tensorflow as tf

from tests.finite_differences import assert_gradient
from tvnet_keras.losses.charbonnier import charbonnier

X = np.random.default_rng(0).normal(0, 3, 50)


@pytest.mark.parametrize(("alpha", "scale", "epsilon"), [(0.4, 255.0, 0.001), (0.3, 1.0, 0.001), (1.0, 2.0, 0.5)])
def test_equals_the_formula(alpha, scale, epsilon):
    expected = [((scale * x) * (scale * x) + epsilon * epsilon) ** alpha for x in X]
    np.testing.assert_allclose(charbonnier(X, alpha, scale, epsilon), expected, rtol=1e-12)


def test_tends_to_the_absolute_value():
    errors = [np.abs(charbonnier(X, 0.5, epsilon=epsilon) - np.abs(X)).max() for epsilon in (1e-1, 1e-3, 1e-6)]
    assert errors[2] < 1e-9 and errors[0] > 10 * errors[1] > 100 * errors[2]


def test_is_even_and_least_at_zero():
    assert float(charbonnier(0.0, 0.4)) == pytest.approx(0.001**0.8, rel=1e-5)
    np.testing.assert_array_equal(charbonnier(X, 0.4), charbonnier(-X, 0.4))
    assert (np.asarray(charbonnier(X, 0.4)) > 0.001**0.8).all()


@pytest.mark.parametrize("alpha", [0.3, 0.4, 0.5])
def test_the_gradient_equals_finite_differences(alpha):
    assert_gradient(lambda x: charbonnier(x, alpha, 10.0), X)


def test_the_gradient_is_zero_at_zero_and_finite_for_huge_differences():
    x = tf.constant([0.0, 1e-30, 1e-4, 1e6, -1e6])
    with tf.GradientTape() as tape:
        tape.watch(x)
        penalty = charbonnier(x, 0.4, 255.0)
    gradient = tape.gradient(penalty, x).numpy()
    assert np.isfinite(penalty).all() and np.isfinite(gradient).all() and gradient[0] == 0 and gradient[2] > 0


def test_half_precision_is_computed_in_float32():
    x = np.float16([300.0, 1e-4])  # The square of one overflows in float16, that of the other underflows.
    found = charbonnier(x, 0.4)
    assert found.dtype == "float32"
    np.testing.assert_allclose(found, (x.astype(float) ** 2 + 1e-6) ** 0.4, rtol=1e-5)
