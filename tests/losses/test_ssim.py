"""Structural similarity: plain windows of NumPy, 1 for equal images, windows on any size."""

import numpy as np
import pytest
import tensorflow as tf

from tests import unsupervised_flow_oracle as by_the_letter
from tests.finite_differences import assert_gradient
from tvnet_keras.losses.ssim import ssim, ssim_error

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize(("side", "windows"), [(7, 1), (14, 2), (28, 4), (56, 7), (112, 14), (1, 1), (8, 1), (9, 2)])
def test_windows_stand_side_by_side_from_the_top_left(side, windows):
    image = RANDOM.normal(size=(1, side, side, 1))
    assert ssim(image, image).shape == (1, windows, windows, 1)


@pytest.mark.parametrize("size", [(1, 1), (3, 3), (6, 12), (24, 48), (7, 14), (8, 9), (28, 20)])
def test_equals_plain_windows_of_numpy(size):
    first = RANDOM.normal(0, 0.3, (2, *size, 3))
    second = 0.7 * first + RANDOM.normal(0, 0.2, (2, *size, 3))
    expected = [by_the_letter.ssim_windows(*pair) for pair in zip(first, second, strict=True)]
    # The weights are those of `gaussian_taps`, which are float32.
    np.testing.assert_allclose(ssim(first, second), expected, atol=1e-6)
    np.testing.assert_allclose(ssim(first.astype("float32"), second.astype("float32")), expected, atol=1e-5)


@pytest.mark.parametrize("size", [(3, 6), (16, 16), (28, 28)])
def test_equal_images_have_one_and_no_others_have_more(size):
    first, second = RANDOM.normal(0, 0.3, (2, 1, *size, 3)).astype("float32")
    np.testing.assert_array_equal(ssim(first, first), 1)
    np.testing.assert_array_equal(ssim(np.full_like(first, 0.4), np.full_like(first, 0.4)), 1)
    assert np.max(ssim(first, second)) < 1
    np.testing.assert_allclose(ssim(first, second), ssim(second, first), rtol=1e-6)


def test_constant_images_have_the_similarity_of_their_brightness():
    first, second = np.full((1, 11, 5, 1), 0.4), np.full((1, 11, 5, 1), 0.1)
    expected = (2 * 0.04 + 1e-4) / (0.16 + 0.01 + 1e-4)
    np.testing.assert_allclose(ssim(first, second), expected, rtol=1e-9)


def test_an_image_and_its_negative_are_unlike():
    image = RANDOM.normal(size=(1, 16, 16, 1))
    # Both factors are of nearly -1 where means and deviations are far above the constants.
    assert np.mean(ssim(image - 1, 1 - image)) > 0.9 and np.max(ssim(image + 1, 1 - image)) < 0


def test_the_papers_error_is_a_mean_and_the_released_one_a_sum():
    first, second = RANDOM.normal(0, 0.3, (2, 2, 3, 20, 9, 3))
    expected = [
        [1 - by_the_letter.ssim_windows(*pair) for pair in zip(*clip, strict=True)]
        for clip in zip(first, second, strict=True)
    ]
    np.testing.assert_allclose(ssim_error(first, second), np.mean(expected, axis=(1, 2, 3, 4)), rtol=1e-6)
    np.testing.assert_allclose(ssim_error(first, second, "released"), np.sum(expected, axis=(1, 2, 3, 4)), rtol=1e-6)


@pytest.mark.parametrize("size", [(8, 8), (11, 5), (3, 3)])
def test_the_gradient_equals_finite_differences(size):
    first, second = RANDOM.normal(0, 0.3, (2, 1, 2, *size, 2))
    assert_gradient(lambda x: ssim_error(first, x), second)
    assert_gradient(lambda x: ssim_error(x, second, "released"), first)


def test_the_gradient_is_finite_for_flat_and_equal_images():
    for images in (np.zeros((1, 1, 9, 9, 3), "float32"), RANDOM.random((1, 1, 9, 9, 3)).astype("float32")):
        x = tf.constant(images)
        with tf.GradientTape() as tape:
            tape.watch(x)
            error = ssim_error(images, x)
        np.testing.assert_array_equal(error, [0])
        np.testing.assert_allclose(tape.gradient(error, x), 0, atol=1e-5)


def test_half_precision_is_computed_in_float32():
    first, second = RANDOM.random((2, 1, 9, 9, 3)).astype("float16")
    found = ssim(first, second)
    assert found.dtype == "float32"
    np.testing.assert_array_equal(found, ssim(first.astype("float32"), second.astype("float32")))


def test_a_wrong_normalisation_is_refused():
    with pytest.raises(ValueError, match="normalisation is 'sum'"):
        ssim_error(np.zeros((1, 1, 8, 8, 3)), np.zeros((1, 1, 8, 8, 3)), "sum")
