"""Gradients against central differences in float64, along one random direction."""

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf


def assert_gradient(function: Callable, point: np.ndarray, step: float = 1e-6, rel: float = 1e-6) -> None:
    """Compares the gradient of a random projection of `function` at `point` with differences.

    Args:
        function: a float64 tensor to a tensor of any shape.
        point: where; away from kinks by more than a step.
        step: of the central difference.
        rel: largest relative error.
    """
    random = np.random.default_rng(0)
    weights = random.normal(size=np.shape(function(tf.constant(point))))
    direction = random.normal(size=point.shape)

    def value(x: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(weights * function(x))

    x = tf.constant(point)
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = value(x)
    slope = np.sum(tape.gradient(total, x).numpy() * direction)
    above, below = (float(value(tf.constant(point + sign * step * direction))) for sign in (1, -1))
    assert slope == pytest.approx((above - below) / (2 * step), rel=rel)
