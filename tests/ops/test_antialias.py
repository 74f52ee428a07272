"""Resizing without aliasing gives OpenCV's bytes, keeps constants, and takes sizes unknown until run time."""

import cv2
import numpy as np
import pytest
import tensorflow as tf

from tvnet_keras.ops.antialias import resize_antialiased

IMAGES = np.random.default_rng(0).integers(0, 256, (2, 17, 23, 3), "uint8")
SIZES = [(8, 9), (17, 23), (40, 31), (5, 60), (30, 4), (17, 10), (20, 23), (1, 1)]


def opencv(images, height, width):
    """What shrinks by area, rounded to bytes; then what grows bilinearly."""
    shrunk = min(width, images.shape[2]), min(height, images.shape[1])
    images = [cv2.resize(image, shrunk, interpolation=cv2.INTER_AREA) for image in images]
    return np.stack([cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR) for image in images])


@tf.function(input_signature=[tf.TensorSpec((None, None, None, 3), tf.uint8), *[tf.TensorSpec((), tf.int32)] * 2])
def in_graph(images, height, width):
    return resize_antialiased(images, height, width)


@pytest.mark.parametrize("size", SIZES)
def test_bytes_equal_opencvs(size):
    np.testing.assert_array_equal(resize_antialiased(IMAGES, *size), opencv(IMAGES, *size))
    np.testing.assert_array_equal(in_graph(IMAGES, *size), opencv(IMAGES, *size))


def test_bytes_equal_opencvs_for_any_sizes():
    random = np.random.default_rng(1)
    for height, width, old_height, old_width in random.integers(1, 90, (150, 4)).tolist():
        images = random.integers(0, 256, (1, old_height, old_width, 3), "uint8")
        np.testing.assert_array_equal(in_graph(images, height, width), opencv(images, height, width))


@pytest.mark.parametrize("ratio", [(2, 2), (1, 2), (2, 1), (3, 3), (2, 4), (4, 4), (6, 6), (49, 2)])
def test_whole_ratios_round_their_halves_as_opencv_does(ratio):
    # Two neighbouring greys: every mean lies near their middle or on it.
    images = np.random.default_rng(2).integers(100, 102, (1, 10 * ratio[0], 10 * ratio[1], 3), "uint8")
    np.testing.assert_array_equal(resize_antialiased(images, 10, 10), opencv(images, 10, 10))
    np.testing.assert_array_equal(in_graph(images, 10, 10), opencv(images, 10, 10))


@pytest.mark.parametrize("size", SIZES)
def test_floats_are_not_rounded(size):
    height, width = size
    expected = opencv(IMAGES.astype("float32"), height, width)
    np.testing.assert_allclose(resize_antialiased(IMAGES.astype("float32"), height, width), expected, atol=1e-3)


def test_equal_size_is_the_identity_and_constants_stay():
    np.testing.assert_array_equal(resize_antialiased(IMAGES, 17, 23), IMAGES)
    np.testing.assert_allclose(resize_antialiased(tf.fill((1, 9, 9, 1), 7.0), 4, 13), 7, rtol=1e-6)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_unknown_sizes_equal_known_ones(jit_compile):
    @tf.function(input_signature=[tf.TensorSpec((None, None, None, 3))], jit_compile=jit_compile)
    def halved(images):
        height, width = tf.unstack(tf.shape(images)[1:3])
        return resize_antialiased(images, height // 2, width // 2)

    images = IMAGES.astype("float32")
    np.testing.assert_allclose(halved(images), resize_antialiased(images, 8, 11), atol=1e-3)


def test_compiled_bytes_differ_at_the_edge_of_rounding_at_most():
    compiled = tf.function(resize_antialiased, jit_compile=True)
    for size in SIZES:
        difference = np.abs(compiled(IMAGES, *size).numpy().astype(int) - opencv(IMAGES, *size))
        assert difference.max() <= 1 and difference.mean() < 0.01
