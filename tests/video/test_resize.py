"""Frames that shrink are filtered, whatever the other side does; a size that is already right changes nothing."""

import numpy as np
import pytest

from tvnet_keras.errors import InputError
from tvnet_keras.video.resize import resize_half_pixel_antialiased, resize_half_pixel_bilinear


def test_shrinking_does_not_alias():
    stripes = np.zeros((1, 64, 64, 3), np.uint8)
    stripes[:, :, ::2] = 255
    small = resize_half_pixel_antialiased(stripes, 16)
    assert np.ptp(small) <= 1 and abs(float(small.mean()) - 127.5) < 1


@pytest.mark.parametrize("height", [16, 64, 100], ids=["shrunk", "kept", "enlarged"])
def test_a_side_that_shrinks_is_filtered_whatever_the_other_does(height):
    posts = np.zeros((1, 64, 64, 3), np.uint8)
    posts[:, :, ::4] = 255
    for pictures, size in ((posts, (height, 16)), (posts.swapaxes(1, 2), (16, height))):
        small = resize_half_pixel_antialiased(pictures, size)
        assert small.shape == (1, *size, 3)
        np.testing.assert_allclose(small, 255 / 4, atol=0.5)


def test_a_picture_that_shrinks_one_way_and_grows_the_other_is_shrunk_first():
    clip = np.random.default_rng(0).integers(0, 256, (1, 60, 80, 3), np.uint8)
    narrow = resize_half_pixel_antialiased(clip, (60, 30))
    np.testing.assert_array_equal(
        resize_half_pixel_antialiased(clip, (90, 30)), resize_half_pixel_antialiased(narrow, (90, 30))
    )


def test_bilinear_resizing_gives_the_size_and_filters_nothing():
    stripes = np.zeros((2, 20, 32, 3), np.uint8)
    stripes[:, :, ::4] = 255
    small = resize_half_pixel_bilinear(stripes, (10, 8))
    assert small.shape == (2, 10, 8, 3) and small.dtype == np.uint8
    # Between the second and the third pixel of every four, where it samples, there is no stripe.
    assert (small == 0).all() and (resize_half_pixel_antialiased(stripes, (10, 8)) > 50).all()


def test_the_right_size_is_left_alone():
    frames = np.random.default_rng(0).integers(0, 256, (2, 20, 30, 3), np.uint8)
    for resize in (resize_half_pixel_antialiased, resize_half_pixel_bilinear):
        assert resize(frames, (20, 30)) is frames


def test_a_size_without_pixels_is_refused():
    with pytest.raises(InputError, match="size must be at least 1 pixel"):
        resize_half_pixel_antialiased(np.zeros((1, 4, 4, 3), np.uint8), (0, 4))
