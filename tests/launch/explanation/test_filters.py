"""Pictures of filters: every weight stands where it belongs, in its colour."""

import numpy as np
import pytest

from launch.explanation.filters import TILE, filters_picture
from launch.explanation.first_convolution import CHANNELS, FLOW, FRAMES
from tvnet_keras.flow.picture import GAP

SIDE = 7
SCALE = TILE // SIDE


def tile(picture, row, column, size=SIDE):
    """The weights of a tile of the first filter as they are shown, `[h, w, 3]`."""
    step = SCALE * size + 1
    top, left = GAP + row * step, GAP + column * step
    return picture[top : top + SCALE * size : SCALE, left : left + SCALE * size : SCALE]


def drawn(weight, shape, seen):
    """The picture of filters in which one weight of the first is 2, one -1, and all others 0."""
    kernel = np.zeros(shape)
    kernel[(*weight, 0)], kernel[(*weight[:-3], 6, 6, weight[-1], 0)] = 2, -1
    return filters_picture(kernel, seen)


@pytest.mark.parametrize(
    ("shape", "seen", "weight", "place", "colour"),
    [
        ((7, 7, 3, 1), FRAMES, (1, 2, 0), (0, 0), 0),
        ((7, 7, 6, 5), FRAMES, (1, 2, 2), (0, 0), 2),
        ((7, 7, 6, 5), FRAMES, (1, 2, 4), (0, 1), 1),
        ((5, 7, 7, 3, 4), FRAMES, (3, 1, 2, 1), (0, 3), 1),
        ((2, 7, 7, 9, 1), FRAMES, (1, 1, 2, 4), (0, 4), 1),
        ((7, 7, 10, 4), FLOW, (1, 2, 0), (0, 0), slice(None)),
        ((7, 7, 10, 4), FLOW, (1, 2, 7), (1, 3), slice(None)),
        ((7, 7, 6, 4), FLOW, (1, 2, 5), (1, 2), slice(None)),
        ((7, 7, 4, 2), CHANNELS, (1, 2, 3), (0, 3), slice(None)),
    ],
)
def test_a_weight_stands_at_its_frame_field_and_colour(shape, seen, weight, place, colour):
    picture = drawn(weight, shape, seen)
    expected = np.full((7, 7, 3), 128)
    expected[1, 2, colour], expected[6, 6, colour] = 255, 64
    np.testing.assert_array_equal(tile(picture, *place), expected)
    # No other tile has anything but grey and the lines between tiles.
    changed = ~np.isin(picture, (128, 255))
    assert changed.sum() == SCALE**2 * (3 if isinstance(colour, slice) else 1)


def test_every_filter_is_scaled_by_its_own_largest_weight():
    kernel = np.random.default_rng(0).normal(size=(7, 7, 6, 1))
    both = filters_picture(np.concatenate([1e-3 * kernel, kernel], axis=-1), FRAMES)
    # One stands above the other.
    np.testing.assert_array_equal(*np.split(both[GAP:], 2))
    one = filters_picture(kernel, FRAMES)
    np.testing.assert_array_equal(one, filters_picture(1e-6 * kernel, FRAMES))
    turned = filters_picture(-kernel, FRAMES)
    np.testing.assert_allclose(255 - tile(one, 0, 1).astype(int), tile(turned, 0, 1), atol=1)


@pytest.mark.parametrize("count", [1, 2, 7, 64])
def test_all_filters_are_in_the_picture(count):
    kernel = np.ones((3, 3, 3, count)) * np.where(np.arange(count) % 2, 1, -1)
    picture = filters_picture(kernel, FRAMES)
    black = (picture == 0).all(axis=-1).sum()
    assert black == 42**2 * (count - count // 2) and picture.shape[1] < 6 * picture.shape[0]


def test_filters_without_weights_are_grey_and_a_caption_is_written_above():
    plain, named = (filters_picture(np.zeros((7, 7, 3, 2)), FRAMES, text) for text in ("", "conv1: 走"))
    assert set(np.unique(plain)) == {128, 255} and named.shape[0] > plain.shape[0]
    np.testing.assert_array_equal(named[-plain.shape[0] + GAP :], plain[GAP:])
    assert (named[: -plain.shape[0]] < 100).any()
