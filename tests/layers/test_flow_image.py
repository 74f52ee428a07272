"""Flow becomes [-1, 1] linearly within the bound, and gradients pass there."""

import numpy as np
import pytest
import tensorflow as tf

from tests.examples import LayerExample
from tvnet_keras import FlowImage

EXAMPLE = LayerExample(lambda: FlowImage(bound=0.7), (2, 3, 6, 7, 2))


def test_linear_inside_and_clipped_outside():
    flow = np.float32([-50, -20, -5, 0, 10, 20, 1e9])
    np.testing.assert_allclose(FlowImage(bound=20)(flow), [-1, -1, -0.25, 0, 0.5, 1, 1])


def test_gradients_are_those_of_the_line_inside_and_zero_outside():
    flow = tf.Variable([-30.0, 5.0])
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(FlowImage(bound=20)(flow))
    np.testing.assert_allclose(tape.gradient(total, flow), [0, 1 / 20])


@pytest.mark.parametrize("bound", [0, -1.0, float("nan")])
def test_a_bound_that_is_not_positive_is_refused(bound):
    with pytest.raises(ValueError, match=f"bound={bound}"):
        FlowImage(bound=bound)
