"""Caffe's normalisation across channels, by the letter; the frames that Hidden Two-Stream's losses compare."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.finite_differences import assert_gradient
from tvnet_keras.ops.local_normalisation import local_response_normalisation, normalised_frames

RANDOM = np.random.default_rng(0)


def normalised_by_the_letter(x, size, alpha, beta):
    result = np.empty_like(x)
    for channel in range(x.shape[-1]):
        window = range(max(channel - size // 2, 0), min(channel + size // 2 + 1, x.shape[-1]))
        total = sum(x[..., k] ** 2 for k in window)
        result[..., channel] = x[..., channel] / (1 + alpha / size * total) ** beta
    return result


@pytest.mark.parametrize("channels", [1, 2, 3, 8, 9, 20])
@pytest.mark.parametrize("size", [1, 3, 9])
def test_equals_caffes_formula_for_any_number_of_channels(channels, size):
    x = RANDOM.normal(0, 2, (2, 4, channels))
    found = local_response_normalisation(x, size, alpha=1.5, beta=0.7)
    np.testing.assert_allclose(found, normalised_by_the_letter(x, size, 1.5, 0.7), rtol=1e-12)


def test_three_channels_share_one_divisor():
    x = RANDOM.normal(size=(5, 3))
    ratio = local_response_normalisation(x) / x
    np.testing.assert_allclose(ratio, np.repeat((1 + (x**2).sum(-1, keepdims=True) / 9) ** -0.7, 3, axis=-1))


def test_bytes_and_floats_are_the_same_frames_in_the_order_red_green_blue():
    frames = RANDOM.integers(0, 256, (2, 3, 4, 5, 3)).astype("uint8")
    expected = normalised_by_the_letter((frames.astype(float) - [123, 117, 104]) / 255, 9, 1, 0.7)
    for clip in (frames, frames.astype("float32") / 255):
        found = keras.ops.convert_to_numpy(normalised_frames(clip))
        assert found.dtype == "float32"
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_half_precision_is_computed_in_float32():
    x = np.float16([[600.0, -600.0, 600.0]])  # Its squares are beyond float16.
    expected = normalised_by_the_letter(x.astype(float), 9, 1, 0.7)
    np.testing.assert_allclose(local_response_normalisation(x), expected, rtol=1e-6)


@pytest.mark.parametrize("channels", [1, 3, 12])
def test_the_gradient_equals_finite_differences(channels):
    assert_gradient(local_response_normalisation, RANDOM.normal(size=(3, channels)))


def test_the_gradient_at_zero_is_the_identity():
    x = tf.zeros((2, 3), "float64")
    with tf.GradientTape() as tape:
        tape.watch(x)
        found = local_response_normalisation(x)
    np.testing.assert_array_equal(tape.batch_jacobian(found, x), [np.eye(3)] * 2)


@pytest.mark.parametrize("size", [0, -1, 8])
def test_a_window_without_a_middle_is_refused(size):
    with pytest.raises(ValueError, match=f"odd number.*Received: size={size}"):
        local_response_normalisation(np.ones((1, 3)), size)


def test_frames_of_one_channel_are_refused():
    with pytest.raises(ValueError, match=r"\[..., 3\].*\(1, 4, 4, 1\)"):
        normalised_frames(np.zeros((1, 4, 4, 1), "uint8"))
