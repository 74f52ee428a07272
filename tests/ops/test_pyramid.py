"""The number and the sizes of pyramid levels, known or not until run time."""

import numpy as np
import pytest
import tensorflow as tf

from tvnet_keras.ops import pyramid


@pytest.mark.parametrize(
    ("size", "zoom", "expected"),
    # 1 + log2(diagonal / 4): the diagonal is 400 px, 80 px, 5 px and under 4 px.
    [
        ((240, 320), 0.5, 7),
        ((48, 64), 0.5, 5),
        ((3, 4), 0.5, 1),
        ((2, 2), 0.5, 1),
        ((1, 1), 0.5, 1),
        ((48, 64), 0.9, 29),
    ],
)
def test_scale_limit(size, zoom, expected):
    assert pyramid.scale_limit(*size, zoom) == expected
    assert int(pyramid.scale_limit(*map(tf.constant, size), zoom)) == expected


@pytest.mark.parametrize(
    ("length", "level", "zoom", "expected"),
    [(240, 0, 0.5, 240), (240, 1, 0.5, 120), (33, 1, 0.5, 17), (5, 1, 0.5, 3), (3, 5, 0.5, 1), (100, 2, 0.8, 64)],
)
def test_level_size(length, level, zoom, expected):
    assert pyramid.level_size(length, level, zoom) == expected


@pytest.mark.parametrize("zoom", [0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95])
def test_level_size_is_the_same_for_unknown_lengths(zoom):
    lengths = np.arange(1, 1001)
    for level in range(1, 6):
        known = [pyramid.level_size(int(length), level, zoom) for length in lengths]
        np.testing.assert_array_equal(pyramid.level_size(tf.constant(lengths), level, zoom), known)


@pytest.mark.parametrize("zoom", [0.5, 0.75, 0.9])
def test_scale_limit_is_the_same_for_unknown_sizes(zoom):
    heights, widths = np.arange(1, 200), np.arange(1, 200)[:, None] * 2
    known = [[pyramid.scale_limit(int(height), int(width), zoom) for height in heights] for (width,) in widths]
    np.testing.assert_array_equal(pyramid.scale_limit(tf.constant(heights), tf.constant(widths), zoom), known)
