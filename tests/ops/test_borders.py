"""Border masks: the widths of the released code at its sizes, and something left of every size."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tvnet_keras.ops.borders import border_mask


@pytest.mark.parametrize(
    ("side", "border"), [(7, 1), (14, 1), (28, 3), (56, 6), (112, 11), (4, 0), (5, 1), (15, 2), (1, 0)]
)
def test_a_tenth_rounded_halves_up_is_left_out_on_every_side(side, border):
    expected = np.zeros((side, side))
    expected[border : side - border, border : side - border] = 1
    np.testing.assert_array_equal(border_mask(side, side), expected)


def test_height_and_width_have_borders_of_their_own():
    expected = np.zeros((20, 50))
    expected[2:-2, 5:-5] = 1
    np.testing.assert_array_equal(border_mask(20, 50, "float64"), expected)


def test_something_is_left_of_every_size():
    for side in range(1, 60):
        assert keras.ops.convert_to_numpy(border_mask(side, 1)).any()


def test_a_size_that_is_known_at_run_time_only_has_the_same_mask():
    mask = tf.function(border_mask)
    np.testing.assert_array_equal(mask(tf.constant(13), tf.constant(7)), border_mask(13, 7))
