"""Pictures of importance: colour where the map says so, on a frame that stays visible elsewhere."""

import numpy as np

from launch.explanation.importance import HEAT, importance_picture

FRAME = np.full((24, 32, 3), 100, np.uint8)


def colours_of(importance, **more):
    """How many pixels are reddish and how many bluish, without the colour bar that has both."""
    picture = importance_picture(FRAME, importance, "Walk $1 % 走", **more).astype(int)
    plain = importance_picture(FRAME, 0 * importance, "Walk $1 % 走", **more).astype(int)
    assert picture.shape == plain.shape
    differs = picture - plain
    return tuple(int((differs[..., one] - differs[..., other] > 60).sum()) for one, other in ((0, 2), (2, 0)))


def test_important_places_are_red_and_places_that_help_blue():
    half = np.zeros((24, 32))
    half[:, :16] = 0.5
    red, blue = colours_of(half)
    assert red > 20_000 and blue < red / 10
    turned = colours_of(-half)
    assert turned[1] > 20_000 and turned[0] < turned[1] / 10


def test_what_changes_less_than_a_hundredth_is_not_shown_in_strong_colours():
    assert max(colours_of(np.full((24, 32), 1e-4))) == 0
    assert HEAT(0.5)[3] < 0.01 and HEAT(1.0)[3] > 0.8


def test_further_pictures_stand_beside():
    plain = importance_picture(FRAME, np.zeros((24, 32)), "Walk")
    green = np.zeros((12, 16, 3), np.uint8)
    green[..., 1] = 255
    wider = importance_picture(FRAME, np.zeros((24, 32)), "Walk", {"flow": green})
    assert wider.shape[0] == plain.shape[0] and wider.shape[1] > plain.shape[1] + 200
    assert (wider == (0, 255, 0)).all(axis=-1).sum() > 10_000
