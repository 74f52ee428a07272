"""Occlusion against classifiers whose answer is known to depend on known pixels."""

import itertools

import numpy as np
import pytest

from tvnet_keras.errors import InputError
from tvnet_keras.scoring.occlusion import occlude

WHITE = np.full((3, 20, 28, 3), 255, np.uint8)


def reads(rows, columns, frames=slice(None)):
    """A classifier whose confidence in class 0 is the brightness of a patch."""

    def predict(clips):
        light = clips[:, frames, rows, columns].mean(axis=(1, 2, 3, 4)) / 255
        return np.stack([light, 1 - light], axis=-1)

    return predict


def test_a_patch_that_the_square_fits_is_important_and_nothing_else():
    found = occlude(reads(slice(8, 12), slice(4, 8)), WHITE, square=4, stride=4)
    expected = np.zeros((20, 28))
    expected[8:12, 4:8] = 1
    np.testing.assert_array_equal(found.importance(0), expected)
    assert found.drops(0).shape == (5, 7) and found.whole.tolist() == [1, 0]


def test_the_importance_around_a_pixel_falls_as_fewer_squares_cover_both():
    side, place = 5, (9, 13)
    found = occlude(reads(slice(9, 10), slice(13, 14)), WHITE, square=side, stride=1).importance(0)
    for row, column in np.ndindex(found.shape):
        # Squares of a row that cover a pixel and the one read, relative to all that cover the pixel.
        both = [max(0, side - abs(at - read)) / side for at, read in zip((row, column), place, strict=True)]
        if 4 <= row <= 15 and 4 <= column <= 23:
            assert found[row, column] == pytest.approx(both[0] * both[1]), (row, column)
    outside = np.ones(found.shape, bool)
    outside[5:14, 9:18] = False
    assert not found[outside].any() and found[place] == 1


@pytest.mark.parametrize(("square", "stride"), [*itertools.product((1, 3, 7, 20), (1, 3, 6, 20))])
def test_every_pixel_is_covered_whatever_the_square_and_stride(square, stride):
    stride = min(stride, square)
    corner = occlude(reads(slice(19, 20), slice(27, 28)), WHITE, square=square, stride=stride)
    found = corner.importance(0)
    assert found.shape == (20, 28) and found.dtype == np.float32 and np.isfinite(found).all()
    # Only the last place of each row and column covers the last pixel.
    assert found[-1, -1] == 1 and np.count_nonzero(corner.drops(0)) == 1
    assert corner.tops[-1] + square == 20 and corner.lefts[-1] + square == 28


def test_the_drop_is_relative_to_the_confidence_and_may_be_negative():
    def predict(clips):
        dark = (clips[:, 0, 0, 0, 0] == 0)[:, None]
        return np.where(dark, [0.2, 0.7, 0.1], [0.8, 0.1, 0.1])

    found = occlude(predict, WHITE, square=4, stride=4)
    drops = [found.drops(label)[0, 0] for label in range(3)]
    np.testing.assert_allclose(drops, [0.75, -6, 0], atol=1e-12)
    assert not any(found.drops(label)[1:].any() for label in range(3))


@pytest.mark.parametrize("frame", range(3))
def test_the_square_lies_on_the_same_place_in_every_frame(frame):
    found = occlude(reads(slice(8, 12), slice(4, 8), slice(frame, frame + 1)), WHITE, square=4, stride=4)
    assert found.importance(0)[8:12, 4:8].min() == 1 and found.importance(0).sum() == 16


def test_batches_are_of_one_size_and_change_nothing():
    clip = np.random.default_rng(0).integers(1, 256, WHITE.shape, np.uint8)
    before, maps, told = clip.copy(), [], []
    for batch_size in (1, 7, 1000):
        sizes = []

        def predict(clips, sizes=sizes):
            sizes.append(len(clips))
            return reads(slice(2, 15), slice(3, 17))(clips)

        found = occlude(
            predict, clip, square=4, stride=3, batch_size=batch_size, progress=lambda *done: told.append(done)
        )
        maps.append(found.importance(0))
        count = len(found.tops) * len(found.lefts) + 1
        assert set(sizes) == {min(batch_size, count)} and told[-1] == (count, count)
        np.testing.assert_array_equal(found.whole, reads(slice(2, 15), slice(3, 17))(clip[None])[0])
    np.testing.assert_array_equal(clip, before)
    for one in maps[1:]:
        np.testing.assert_array_equal(one, maps[0])


@pytest.mark.parametrize(
    ("square", "stride", "said"),
    [
        (0, 1, "square must be from 1 to 20, .* square=0"),
        (21, 1, "square must be from 1 to 20, .* square=21"),
        (4, 5, "stride must be from 1 to 4, .* stride=5"),
        (4, 0, "stride must be from 1 to 4, .* stride=0"),
    ],
)
def test_squares_that_leave_pixels_out_are_refused(square, stride, said):
    with pytest.raises(InputError, match=said):
        occlude(reads(slice(4), slice(4)), WHITE, square=square, stride=stride)


@pytest.mark.parametrize("answer", [[1.2, -0.2], [3.0, 1.0], [np.nan, np.nan]])
def test_confidence_is_a_probability(answer):
    with pytest.raises(InputError, match="must be probabilities"):
        occlude(lambda clips: np.tile(answer, (len(clips), 1)), WHITE, square=4, stride=4)


def test_other_questions_are_refused():
    with pytest.raises(InputError, match=r"must be \[T, H, W, C\]"):
        occlude(reads(slice(4), slice(4)), WHITE[0], square=4, stride=4)
    found = occlude(reads(slice(4), slice(4)), WHITE, square=4, stride=4)
    with pytest.raises(InputError, match="confidence in class 1 is 0"):
        found.importance(1)
    for label in (-1, 2):
        with pytest.raises(InputError, match=f"label must be from 0 to 1.*label={label}"):
            found.importance(label)
