"""The median filter: its networks sort, its values are SciPy's, and its gradient goes to the pixel that was chosen."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import ndimage

from tvnet_keras.errors import InputError
from tvnet_keras.ops.median import SIZES, median_filter, sorting_network, window_network

RANDOM = np.random.default_rng(0)
both_sizes = pytest.mark.parametrize("size", SIZES)


def through(network, wires):
    """NumPy's own way through a network, on `[wires, cases]`."""
    for first, second in network:
        wires[[first, second]] = np.minimum(wires[first], wires[second]), np.maximum(wires[first], wires[second])
    return wires


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 11])
def test_a_sorting_network_sorts_every_row_of_zeros_and_ones(count):
    # What sorts all of these sorts everything (Knuth's 0-1 principle).
    cases = np.array(list(itertools.product((0, 1), repeat=count))).T
    np.testing.assert_array_equal(through(sorting_network(range(count)), cases.copy()), np.sort(cases, axis=0))


@pytest.mark.parametrize("size", SIZES)
def test_a_window_network_finds_the_median_of_every_window_of_zeros_and_ones(size):
    # A sorted column of zeros and ones is the number of its ones.
    ones = np.array(list(itertools.product(range(size + 1), repeat=size))).T
    rows = np.arange(size)[:, None, None] >= size - ones
    network, median = window_network(size)
    found = through(network, rows.reshape(size * size, -1).astype("int8"))[median]
    np.testing.assert_array_equal(found, 2 * ones.sum(axis=0) > size * size)


def gradient_of(fields, size, upstream):
    fields = tf.constant(fields)
    with tf.GradientTape() as tape:
        tape.watch(fields)
        filtered = median_filter(fields, size)
    return filtered.numpy(), tape.gradient(filtered, fields, tf.constant(upstream, fields.dtype)).numpy()


@both_sizes
@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 1, 7), (2, 13, 18)], ids=str)
def test_values_are_scipys_with_and_without_equal_pixels(size, shape):
    for fields in (RANDOM.normal(size=shape), RANDOM.integers(0, 4, shape).astype(float)):
        expected = np.stack([ndimage.median_filter(field, size, mode="nearest") for field in fields])
        np.testing.assert_array_equal(median_filter(tf.constant(fields), size), expected)


@both_sizes
def test_the_gradient_equals_finite_differences(size):
    shape, step = (1, 5, 6), 1e-7
    fields, upstream = RANDOM.normal(size=shape), RANDOM.normal(size=shape)
    gradient, expected = gradient_of(fields, size, upstream)[1], np.empty(shape)
    for place in np.ndindex(*shape):
        moved = np.zeros(shape)
        moved[place] = step
        there, back = (np.sum(upstream * median_filter(tf.constant(fields + s * moved), size)) for s in (1, -1))
        expected[place] = (there - back) / (2 * step)
    np.testing.assert_allclose(gradient, expected, atol=1e-6)


@both_sizes
def test_of_equal_pixels_the_first_has_the_gradient(size):
    gradient = gradient_of(np.zeros((1, 9, 9)), size, np.ones((1, 9, 9)))[1][0]
    radius = size // 2
    expected = np.zeros((9, 9))
    for y, x in np.ndindex(9, 9):
        expected[max(y - radius, 0), max(x - radius, 0)] += 1
    np.testing.assert_array_equal(gradient, expected)


@both_sizes
def test_an_outlier_goes_and_a_straight_edge_stays(size):
    edge = np.where(np.arange(12) < 5, -1.0, 2.0) * np.ones((1, 10, 1))
    spoiled = edge.copy()
    spoiled[0, 4, 8] = 100
    np.testing.assert_array_equal(median_filter(tf.constant(edge), size), edge)
    np.testing.assert_array_equal(median_filter(tf.constant(spoiled), size), edge)


def test_a_pixel_that_is_not_a_number_stays_visible():
    fields = np.arange(30.0).reshape(1, 5, 6)
    fields[0, 2, 3] = np.nan
    assert np.isnan(median_filter(tf.constant(fields), 3)[0, 2, 3])


@both_sizes
def test_sizes_known_at_run_time_only(size):
    fields = RANDOM.normal(size=(2, 7, 5))
    function = tf.function(lambda x: gradient_of_sum(x, size), input_signature=[tf.TensorSpec([None] * 3, tf.float64)])
    for known, unknown in zip(gradient_of_sum(tf.constant(fields), size), function(fields), strict=True):
        np.testing.assert_array_equal(unknown, known)


def gradient_of_sum(fields, size):
    with tf.GradientTape() as tape:
        tape.watch(fields)
        filtered = median_filter(fields, size)
        total = tf.reduce_sum(filtered**2)
    return filtered, tape.gradient(total, fields)


def test_a_second_derivative_is_refused():
    fields = tf.constant(RANDOM.normal(size=(1, 4, 5)))
    with tf.GradientTape() as outer:
        outer.watch(fields)
        gradient = gradient_of_sum(fields, 3)[1]
        with pytest.raises(InputError, match="first derivative only"):
            outer.gradient(keras.ops.sum(gradient), fields)
