"""Align-corners resizing is exact on ramps, a flow's vectors grow with its grid, unknown sizes equal known ones."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests import oracle
from tvnet_keras.ops import pyramid

RANDOM = np.random.default_rng(0)


def numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)


def ramp(height, width):
    """0..1 along both axes between the first and the last sample, `[1, H, W, 2]`."""
    y, x = np.meshgrid(np.linspace(0, 1, height), np.linspace(0, 1, width), indexing="ij")
    return np.stack([x, y], axis=-1)[None].astype("float32")


@pytest.mark.parametrize("size", [(5, 7), (9, 4), (20, 31), (1, 1), (1, 9)])
def test_linear_ramps_resize_to_linear_ramps(size):
    np.testing.assert_allclose(numpy(pyramid.resize(ramp(9, 13), *size)), ramp(*size), atol=1e-6)


def test_first_and_last_samples_coincide():
    images = RANDOM.normal(size=(1, 6, 8, 1)).astype("float32")
    resized = numpy(pyramid.resize(images, 17, 29))
    np.testing.assert_allclose(
        resized[:, [0, 0, -1, -1], [0, -1, 0, -1]], images[:, [0, 0, -1, -1], [0, -1, 0, -1]], atol=1e-5
    )


@pytest.mark.parametrize("size", [(4, 5), (13, 16), (6, 8), (33, 7)])
def test_resize_equals_the_oracle(size):
    images = RANDOM.normal(size=(2, 9, 11, 1)).astype("float32")
    expected = [oracle.resize(image[..., 0], *size) for image in images]
    np.testing.assert_allclose(numpy(pyramid.resize(images, *size))[..., 0], expected, atol=1e-5)


def test_equal_size_is_the_identity_whether_known_or_not():
    images = tf.constant(RANDOM.normal(size=(1, 7, 9, 2)), "float32")
    assert pyramid.resize(images, 7, 9) is images
    np.testing.assert_array_equal(pyramid.resize(images, tf.constant(7), tf.constant(9)), images)
    np.testing.assert_array_equal(pyramid.resize_flow(images, tf.constant(7), tf.constant(9)), images)


def test_a_resized_flow_scales_u_by_the_width_and_v_by_the_height():
    flow = np.broadcast_to(np.float32([1.5, -2.0]), (1, 6, 10, 2))
    resized = numpy(pyramid.resize_flow(tf.constant(flow), 18, 20))
    np.testing.assert_allclose(resized, np.broadcast_to([1.5 * 2, -2.0 * 3], (1, 18, 20, 2)), rtol=1e-6)


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


def test_resizing_to_unknown_sizes_equals_known_ones():
    images = tf.constant(RANDOM.normal(size=(2, 9, 11, 2)), "float32")

    @tf.function(input_signature=[tf.TensorSpec((None, None, None, 2)), tf.TensorSpec((), "int32")])
    def doubled(images, factor):
        height, width = tf.unstack(tf.shape(images)[1:3])
        return pyramid.resize_flow(images, factor * height, factor * width)

    np.testing.assert_allclose(doubled(images, 2), pyramid.resize_flow(images, 18, 22), atol=1e-6)
