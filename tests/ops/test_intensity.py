"""Grey weights stand in R, G, B order, ranges mean what they say, smoothing keeps constants and means."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests import oracle
from tvnet_keras.ops import intensity

RANDOM = np.random.default_rng(0)


def numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)


def test_grey_weights_are_red_green_blue():
    greys = numpy(intensity.to_grey(tf.eye(3)))
    np.testing.assert_allclose(greys, [0.299, 0.587, 0.114], rtol=1e-6)


def test_white_stays_white_and_a_single_channel_passes():
    assert float(intensity.to_grey(tf.fill((1, 3), 255.0))[0]) == pytest.approx(255, abs=1e-4)
    frames = tf.constant(RANDOM.normal(size=(2, 3, 4, 1)))
    np.testing.assert_array_equal(intensity.to_grey(frames), frames[..., 0])


def test_two_channels_are_refused():
    with pytest.raises(ValueError, match=r"1 or 3 channels.*\(4, 4, 2\)"):
        intensity.to_grey(tf.zeros((4, 4, 2)))


@pytest.mark.parametrize("value_range", [(0, 1), (0, 255), (-1, 1)])
def test_floats_span_the_value_range(value_range):
    scaled = numpy(intensity.to_255(tf.linspace(*map(float, value_range), 6), value_range))
    np.testing.assert_allclose(scaled, [0, 51, 102, 153, 204, 255], atol=1e-4)


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64"])
def test_integers_mean_0_to_255_whatever_the_value_range(dtype):
    levels = tf.constant([0, 7, 255], dtype)
    for value_range in ((0, 1), (-1, 1)):
        scaled = intensity.to_255(levels, value_range)
        assert scaled.dtype == "float32"
        np.testing.assert_array_equal(scaled, [0, 7, 255])


def test_gaussian_taps_have_unit_sum_and_the_named_deviation():
    taps = intensity.gaussian_taps(21, 2.0).astype(float)
    offsets = np.arange(21) - 10
    assert taps.sum() == pytest.approx(1, abs=1e-6)
    # Integrating over pixels of width 1 adds their variance, 1/12.
    assert (taps * offsets**2).sum() == pytest.approx(4 + 1 / 12, rel=1e-3)


def test_the_smoothing_kernel_is_the_released_one_to_its_six_decimals():
    kernel = np.outer(intensity.gaussian_taps(), intensity.gaussian_taps())
    released = [[0.219833, 0.110656, 0.01386], [0.110656, 0.0557, 0.006976], [0.01386, 0.006976, 0.000874]]
    np.testing.assert_allclose(kernel[2:, 2:], released, atol=1.5e-6)


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (2, 3), (6, 7)])
def test_smoothing_keeps_constants(size):
    np.testing.assert_allclose(intensity.smooth(tf.fill((2, *size), 200.0)), 200, rtol=1e-6)


def test_smoothing_keeps_the_mean_of_an_image_with_empty_borders():
    # Edge replication repeats border pixels, so the mean is kept where the outer two pixels are equal.
    image = np.zeros((1, 12, 13), "float32")
    image[:, 4:-4, 4:-4] = RANDOM.uniform(0, 255, (1, 4, 5))
    assert float(np.mean(intensity.smooth(tf.constant(image)))) == pytest.approx(image.mean(), rel=1e-6)


def test_smoothing_keeps_ramps_inside():
    y, x = np.mgrid[:9, :11].astype("float32")
    smoothed = numpy(intensity.smooth(tf.constant((3 * x - y)[None])))
    np.testing.assert_allclose(smoothed[0, 2:-2, 2:-2], (3 * x - y)[2:-2, 2:-2], atol=1e-5)


def test_grey_and_smoothing_equal_the_oracle():
    frames = RANDOM.uniform(0, 255, (2, 9, 11, 3))
    expected = [oracle.smoothed_grey(frame) for frame in frames]
    np.testing.assert_allclose(intensity.smooth(intensity.to_grey(tf.constant(frames, "float32"))), expected, atol=1e-3)
