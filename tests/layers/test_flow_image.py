"""Flow becomes [-1, 1] linearly within the bound, and gradients pass there."""

import numpy as np
import pytest
import tensorflow as tf

from tests.examples import LayerExample
from tvnet_keras import FlowImage
from tvnet_keras.errors import InputError
from tvnet_keras.flow.codec import quantise

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


@pytest.mark.parametrize("bound", [20.0, 0.7, 3.0])
def test_eight_bits_are_the_levels_of_caffes_network_less_128(bound):
    flow = np.linspace(-1.5 * bound, 1.5 * bound, 301)
    expected = (np.clip(flow, -bound, bound) + bound) * 255 / (2 * bound) - 128
    seen = FlowImage(bound, output_range="eight_bit")(flow.astype("float32"))
    np.testing.assert_allclose(seen, expected, atol=2e-5)
    assert (float(np.min(seen)), float(np.max(seen))) == (-128, 127)


@pytest.mark.parametrize("bound", [20.0, 0.7, 3.0, 1 / 3])
def test_rounded_flow_is_that_which_was_stored(bound):
    # No motion, on which the rounding hangs, and places that are well within a level.
    flow = np.float32([0, -0.0, *(np.random.default_rng(0).integers(-130, 130, 500) + 0.25) * (2 * bound / 255)])
    levels = quantise(flow, bound).astype(float)
    assert levels[0] == 128 and levels.min() == 0 and levels.max() == 255
    np.testing.assert_array_equal(FlowImage(bound, quantised=True, output_range="eight_bit")(flow), levels - 128)
    np.testing.assert_allclose(FlowImage(bound, quantised=True)(flow), levels / 127.5 - 1, atol=1e-7)


def test_every_one_of_the_256_levels_is_met_and_lies_within_half_a_step():
    flow = np.linspace(-20, 20, 10_001, dtype="float32")
    rounded = np.asarray(FlowImage(quantised=True)(flow))
    assert len(np.unique(rounded)) == 256
    assert np.abs(rounded * 20 - flow).max() <= 20 / 255 + 1e-5


@pytest.mark.parametrize("output_range", ["unit", "eight_bit"])
def test_gradients_pass_the_rounding_as_if_it_were_not_there(output_range):
    flow = tf.Variable(np.float32([-30, -7.3, 0, 5.02, 19.99, 30]))
    upstream = np.float32([1, -2, 3, 4, -5, 6])
    slope = {"unit": 1 / 20, "eight_bit": 6.375}[output_range]
    for quantised in (False, True):
        with tf.GradientTape() as tape:
            shown = FlowImage(20, quantised=quantised, output_range=output_range)(flow)
            total = tf.reduce_sum(upstream * shown)
        np.testing.assert_allclose(tape.gradient(total, flow), slope * upstream * [0, 1, 1, 1, 1, 0], rtol=1e-6)


def test_the_arguments_are_stored_and_those_of_before_are_understood():
    layer = FlowImage(3, quantised=True, output_range="eight_bit", name="picture")
    again = FlowImage.from_config(layer.get_config())
    assert (again.bound, again.quantised, again.output_range) == (3, True, "eight_bit")
    flow = np.linspace(-4, 4, 33, dtype="float32")
    np.testing.assert_array_equal(again(flow), layer(flow))
    earlier = FlowImage.from_config({"name": "flow_image", "trainable": True, "dtype": "float32", "bound": 20.0})
    assert (earlier.quantised, earlier.output_range) == (False, "unit")


def test_an_unknown_range_is_refused():
    with pytest.raises(InputError, match="output_range is 'eight_bits'.*Did you mean 'eight_bit'"):
        FlowImage(output_range="eight_bits")
