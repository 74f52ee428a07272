import cv2
import numpy as np
import pytest

from tvnet_keras.errors import InputError
from tvnet_keras.video import ViewRecipe, augment
from tvnet_keras.video.resize import resize_half_pixel_antialiased


def coordinates(frames=3, height=60, width=80):
    """A clip whose pixels tell where they are: red = x, green = y, blue = frame."""
    y, x = np.mgrid[:height, :width]
    return np.stack([np.stack([x, y, np.full_like(x, 10 * t)], -1) for t in range(frames)]).astype(np.uint8)


def texture(height=80, width=96):
    noise = np.random.default_rng(0).uniform(0, 255, (height, width, 3)).astype(np.float32)
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 3), None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


def test_a_crop_is_the_same_window_in_every_frame():
    rng = np.random.default_rng(0)
    for crop in ("corner", "random", "none"):
        for _ in range(20):
            view, _ = augment.train_view(coordinates(), ViewRecipe((30, 40), crop, flip=True), rng)
            assert view.shape == (3, 30, 40, 3) and view.flags.c_contiguous
            for frame in view[1:]:
                np.testing.assert_array_equal(frame[..., :2], view[0, ..., :2])


def test_corner_crops_are_tsns_windows():
    rng = np.random.default_rng(0)
    clip = coordinates(1)
    sides = [60, 52, 45, 39]
    seen = set()
    for _ in range(3000):
        view = augment.corner_crop(clip, 8, rng)[0].astype(float)
        # Half a target pixel lies between the first sample and the window's edge.
        wide = (view[0, -1, 0] - view[0, 0, 0]) * 8 / 7
        high = (view[-1, 0, 1] - view[0, 0, 1]) * 8 / 7
        i, j = (int(np.abs(np.array(sides) - side).argmin()) for side in (high, wide))
        assert abs(high - sides[i]) < 3 and abs(wide - sides[j]) < 3
        left, top = view[0, 0, 0] - wide / 16 + 0.5, view[0, 0, 1] - high / 16 + 0.5
        place_x = min((0, (80 - sides[j]) // 2, 80 - sides[j]), key=lambda x: abs(x - left))
        place_y = min((0, (60 - sides[i]) // 2, 60 - sides[i]), key=lambda y: abs(y - top))
        assert abs(place_x - left) < 2 and abs(place_y - top) < 2
        seen.add((i, j))
    assert seen == {(i, j) for i in range(4) for j in range(4) if abs(i - j) <= 1}


def corner_windows(draws=400, height=60, width=80, **chosen):
    """Corners and sizes of the windows that are drawn."""
    rng = np.random.default_rng(0)
    recipe = ViewRecipe(8, "corner", **chosen)
    windows = [augment.draw_window((height, width), recipe, rng) for _ in range(draws)]
    return [(window.corner, window.window) for window in windows]


def test_corner_crops_without_options_are_those_of_before_there_were_any():
    rng = np.random.default_rng(0)
    windows = [augment.draw_window((60, 80), ViewRecipe(8, "corner", 48), rng) for _ in range(4)]
    assert [(window.corner, window.window) for window in windows] == [
        ((17, 28), (31, 36)), ((0, 22), (36, 42)), ((0, 0), (42, 42)), ((0, 0), (48, 48)),
    ]  # fmt: skip


@pytest.mark.parametrize(("height", "width"), [(60, 80), (64, 76), (60, 60)])
def test_thirteen_places_are_a_chessboards_and_every_mirror_image_of_one_is_another(height, width):
    ratio = 0.5
    side = int(min(height, width) * ratio)
    places = {corner for corner, _ in corner_windows(height=height, width=width, crop_ratios=(ratio,), crop_places=13)}
    down, across = height - side, width - side
    assert len(places) == 13 and all(0 <= top <= down and 0 <= left <= across for top, left in places)
    assert {(top, across - left) for top, left in places} == {(down - top, left) for top, left in places} == places
    five = {corner for corner, _ in corner_windows(height=height, width=width, crop_ratios=(ratio,))}
    assert five == {(top, left) for top in (0, down) for left in (0, across)} | {(down // 2, across // 2)}
    middles = {(0, across // 2), (down, across // 2), (down // 2, 0), (down // 2, across)}
    halfway = {(top, left) for top, left in places if top not in (0, down // 2, down)}
    assert five | middles | halfway == places and len(halfway) == 4
    for top, left in halfway:
        assert abs(min(top, down - top) - down / 4) < 1 and abs(min(left, across - left) - across / 4) < 1


def test_windows_have_the_ratios_asked_for():
    assert {window for _, window in corner_windows(crop_ratios=(1.0,))} == {(60, 60)}
    found = {window for _, window in corner_windows(crop_ratios=(1.0, 0.5, 0.25))}
    # Neighbours in the list may be height and width of one window.
    assert found == {(60, 60), (30, 30), (15, 15), (60, 30), (30, 60), (30, 15), (15, 30)}
    assert {window for _, window in corner_windows(crop_ratios=(0.001,))} == {(1, 1)}
    clip, rng = coordinates(1), np.random.default_rng(0)
    view = augment.corner_crop(clip, 30, rng, ratios=(0.5,), places=13)
    assert int(np.ptp(view[..., 0])) == int(np.ptp(view[..., 1])) == 29


def test_a_flip_mirrors_the_picture_and_half_of_the_views_are_flipped():
    rng = np.random.default_rng(0)
    clip = coordinates()
    flips = 0
    for _ in range(400):
        view, flipped = augment.train_view(clip, ViewRecipe((60, 80), flip=True), rng)
        np.testing.assert_array_equal(view, clip[:, :, ::-1] if flipped else clip)
        flips += flipped
    assert 150 < flips < 250
    assert not any(augment.train_view(clip, ViewRecipe(20, "corner"), rng)[1] for _ in range(30))


def test_flip_of_flow_belongs_to_the_flip_of_the_pictures():
    first = texture()
    flow = np.zeros((80, 96, 2), np.float32)
    flow[..., 0], flow[..., 1] = 3, -2
    second = np.roll(first, (-2, 3), (0, 1))
    first, second = augment.flip_clip(np.stack([first, second]))
    u, v = augment.flip_flow(flow)[40, 48]
    assert (u, v) == (-3, -2)
    np.testing.assert_array_equal(np.roll(second, (-int(v), -int(u)), (0, 1)), first)
    np.testing.assert_array_equal(augment.flip_flow(augment.flip_flow(flow)), flow)


def test_none_is_the_whole_frame_and_nothing_where_the_size_is_right():
    clip = coordinates()
    view, flipped = augment.train_view(clip, ViewRecipe((60, 80)), np.random.default_rng(0))
    np.testing.assert_array_equal(view, clip)
    views, mirrored = augment.test_views(clip, ViewRecipe((30, 40)))
    assert views.shape == (1, 3, 30, 40, 3) and not flipped and mirrored.tolist() == [False]
    np.testing.assert_allclose(views[0, 0, :, :, 0][0], np.arange(40) * 2 + 0.5, atol=0.51)


def test_views_of_a_test_are_corners_centre_and_their_mirrors():
    clip = coordinates()
    recipe = ViewRecipe((40, 40), "center", 60)
    views, flipped = augment.test_views(clip, recipe, 10)
    places = [(0, 0), (40, 0), (0, 20), (40, 20), (20, 10)]
    for view, (left, top) in zip(views[:5], places, strict=True):
        np.testing.assert_array_equal(view, clip[:, top : top + 40, left : left + 40])
    np.testing.assert_array_equal(views[5:], views[:5, :, :, ::-1])
    assert flipped.tolist() == [False] * 5 + [True] * 5
    five, _ = augment.test_views(clip, recipe, 5)
    np.testing.assert_array_equal(five, views[:5])
    one, _ = augment.test_views(clip, recipe)
    np.testing.assert_array_equal(one, views[4:5])


@pytest.mark.parametrize("size", [(7, 200), (200, 7), (33, 33), (241, 321)])
def test_every_size_is_reached_from_every_frame(size):
    clip = coordinates(2, 37, 53)
    rng = np.random.default_rng(0)
    for resize_short in (None, 16, 90):
        assert augment.test_views(clip, ViewRecipe(size, "center", resize_short), 5)[0].shape == (5, 2, *size, 3)
        for crop in augment.TRAIN_CROPS:
            recipe = ViewRecipe(size, crop, resize_short)
            assert augment.train_view(clip, recipe, rng)[0].shape == (2, *size, 3)


@pytest.mark.parametrize(("frame", "resized"), [((37, 53), (30, 40)), ((53, 37), (40, 30)), ((9, 9), (30, 40))])
def test_frames_are_brought_to_both_sides_whatever_their_aspect(frame, resized):
    recipe = ViewRecipe((20, 24), "center", 30, resize_long=40)
    clip = coordinates(2, *frame)
    np.testing.assert_array_equal(augment.cover(clip, recipe), resize_half_pixel_antialiased(clip, resized))
    rng = np.random.default_rng(0)
    for crop in augment.TRAIN_CROPS[:2]:
        assert augment.draw_window(frame, ViewRecipe((20, 24), crop, 30, resize_long=40), rng).resized == resized
    # A view that does not fit is covered in the asked aspect.
    assert augment.cover(clip, ViewRecipe((60, 20), "center", 30, resize_long=40)).shape[1:3] == (
        (60, 80) if resized[0] == 30 else (60, 45)
    )


def test_flow_of_frames_of_both_sides_is_in_their_pixels():
    flow = np.ones((1, 20, 60, 2), np.float32)
    recipe = ViewRecipe((16, 16), "center", 40, resize_long=90)
    np.testing.assert_allclose(augment.test_flow_views(flow, recipe)[0, 0, 5, 5], [1.5, 2.0], rtol=1e-6)


@pytest.mark.parametrize("short", [None, 50])
def test_a_long_side_without_a_shorter_one_is_refused(short):
    with pytest.raises(InputError, match="resize_long goes with a resize_short that is no longer. Received: .*=40"):
        ViewRecipe((20, 24), "center", short, resize_long=40)


def test_colours_change_the_same_way_in_every_frame_and_by_as_much_as_asked():
    clip = np.repeat(texture()[None], 3, 0)
    rng = np.random.default_rng(0)
    changes = {}
    for strength in (0.0, 0.1, 0.4):
        views = [augment.jitter_colours(clip, strength, rng) for _ in range(40)]
        for view in views:
            np.testing.assert_array_equal(view[1:], view[:-1])
        changes[strength] = np.mean([np.abs(view.astype(float) - clip).mean() for view in views])
    assert changes[0.0] < 0.5
    assert 1 < changes[0.1] < changes[0.4]


def test_grey_stays_grey():
    clip = np.full((2, 9, 9, 3), 100, np.uint8)
    for seed in range(20):
        view = augment.jitter_colours(clip, 0.5, np.random.default_rng(seed)).astype(int)
        assert np.ptp(view, axis=-1).max() <= 1


@pytest.mark.parametrize(
    "call",
    [
        lambda clip: augment.train_view(clip, ViewRecipe(8, "center"), np.random.default_rng(0)),
        lambda clip: augment.test_views(clip, ViewRecipe(8, "corner")),
        lambda clip: augment.test_views(clip, ViewRecipe(8, "center"), 3),
        lambda clip: augment.test_views(clip, ViewRecipe(8), 10),
        lambda clip: augment.test_views(clip, ViewRecipe((0, 4))),
    ],
)
def test_bad_options_are_refused(call):
    with pytest.raises(InputError, match="crop|size"):
        call(coordinates())
