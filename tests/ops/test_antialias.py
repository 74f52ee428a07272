"""Resizing without aliasing equals TensorFlow's own, keeps constants, and takes sizes unknown until run time."""

import numpy as np
import pytest
import tensorflow as tf

from tvnet_keras.ops.antialias import resize_antialiased

IMAGES = tf.constant(np.random.default_rng(0).uniform(0, 255, (2, 17, 23, 3)), "float32")


@pytest.mark.parametrize("size", [(8, 9), (17, 23), (40, 31), (5, 60), (1, 1)])
def test_equals_tensorflow(size):
    expected = tf.image.resize(IMAGES, size, antialias=True)
    np.testing.assert_allclose(resize_antialiased(IMAGES, *size), expected, atol=1e-3)


def test_equal_size_is_the_identity_and_constants_stay():
    np.testing.assert_allclose(resize_antialiased(IMAGES, 17, 23), IMAGES, rtol=1e-6)
    np.testing.assert_allclose(resize_antialiased(tf.fill((1, 9, 9, 1), 7.0), 4, 13), 7, rtol=1e-6)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_unknown_sizes_equal_known_ones(jit_compile):
    @tf.function(input_signature=[tf.TensorSpec((None, None, None, 3))], jit_compile=jit_compile)
    def halved(images):
        height, width = tf.unstack(tf.shape(images)[1:3])
        return resize_antialiased(images, height // 2, width // 2)

    np.testing.assert_allclose(halved(IMAGES), resize_antialiased(IMAGES, 8, 11), atol=1e-3)
