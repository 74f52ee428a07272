"""Generated pairs: the flow is the exact one, within its bound, and a pair depends on its recipe and number alone."""

import dataclasses

import cv2
import numpy as np
import pytest

from tvnet_keras.errors import InputError
from tvnet_keras.flow.generated.recipe import Recipe
from tvnet_keras.flow.generated.render import _picture, _places_before, render, render_pair
from tvnet_keras.flow.generated.scene import Layer, Motion, Scene, draw_scene
from tvnet_keras.flow.generated.texture import procedural
from tvnet_keras.flow.picture import write_video

SMALL = Recipe(height=96, width=128, bound=6.0, noise=0.0, drift=0.0)


def pulled_back(pair, off=(0.0, 0.0)):
    """The second frame, read where the flow says that each pixel of the first has gone, and pixels that can be."""
    y, x = np.mgrid[: pair.flow.shape[0], : pair.flow.shape[1]].astype("float32")
    there = (x + pair.flow[..., 0] + off[0], y + pair.flow[..., 1] + off[1])
    second = pair.frames[1].astype("float32")
    warped = cv2.remap(second, *there, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    # Not at the rims of layers, where a pixel shows two of them.
    comparable = cv2.erode((pair.visible & pair.known).astype("uint8"), np.ones((5, 5))) > 0
    return warped, comparable


@pytest.mark.parametrize("number", range(6))
def test_the_second_frame_is_the_first_moved_by_the_flow(number):
    pair = render_pair(SMALL, number)
    warped, comparable = pulled_back(pair)
    error = np.abs(warped - pair.frames[0])[comparable].mean()
    assert comparable.mean() > 0.4 and error < 1.5
    for off in ((0.25, 0.0), (-0.25, 0.0), (0.0, 0.25), (0.0, -0.25)):
        # A quarter of a pixel beside the exact place the second frame fits worse.
        assert np.abs(pulled_back(pair, off)[0] - pair.frames[0])[comparable].mean() > 1.3 * error


def test_no_visible_pixel_moves_farther_than_the_bound_and_some_nearly_do():
    longest = [np.linalg.norm(render_pair(SMALL, number).flow, axis=-1).max() for number in range(12)]
    assert max(longest) <= SMALL.bound and max(longest) > 0.8 * SMALL.bound and min(longest) < 0.5 * SMALL.bound


def test_a_pair_depends_on_recipe_and_number_alone():
    one, again = render_pair(SMALL, 3), render_pair(SMALL, 3)
    for first, second in zip(one, again, strict=True):
        np.testing.assert_array_equal(first, second)
    for other in (render_pair(SMALL, 4), render_pair(dataclasses.replace(SMALL, seed=1), 3)):
        assert (other.frames != one.frames).mean() > 0.5
    # How many there are decides nothing about any of them.
    np.testing.assert_array_equal(render_pair(dataclasses.replace(SMALL, pairs=7), 3).frames, one.frames)


def layer(shift=(0.0, 0.0), matrix=((0, 0), (0, 0)), outline=None, place=(0.0, 0.0), waves=()):
    motion = Motion(np.array(place), np.array(shift), np.array(matrix, float), np.array(waves, float).reshape(-1, 5))
    return Layer(motion, 1, np.array([[1.0, 0, 3], [0, 1, 5]]), outline, np.array(place))


def rendered(*layers, bound=20.0, gain=1.0):
    return render(Scene(layers, gain, 0.0, 0), (48, 64), bound, procedural)


def test_an_affine_layer_has_the_affine_flow():
    flow = rendered(layer((1.5, -2.0), ((0.01, 0.02), (-0.03, 0.0)), place=(20.0, 10.0))).flow
    y, x = np.mgrid[:48, :64]
    expected = np.stack([1.5 + 0.01 * (x - 20) + 0.02 * (y - 10), -2.0 - 0.03 * (x - 20)], axis=-1)
    np.testing.assert_allclose(flow, expected, atol=1e-5)


def test_an_object_hides_what_it_moves_over_and_shows_what_it_leaves():
    disc = np.array([[10.0, 0.0]])
    pair = rendered(layer(), layer((6.0, 0.0), outline=disc, place=(30.0, 24.0)))
    y, x = np.mgrid[:48, :64]
    first, second = np.hypot(x - 30, y - 24), np.hypot(x - 36, y - 24)
    inside = first < 9
    np.testing.assert_allclose(pair.flow[inside], np.broadcast_to((6.0, 0.0), (inside.sum(), 2)), atol=1e-6)
    assert not pair.flow[first > 11].any()
    # Background that the disc will cover cannot be found again; everything else can.
    assert not pair.visible[(second < 9) & (first > 11)].any()
    assert pair.visible[(second > 11) & (first > 11)].all() and pair.visible[inside].all()
    assert not pair.known[np.abs(first - 10) < 0.25].any() and pair.known[np.abs(first - 10) > 1].all()


def test_what_leaves_the_frame_is_not_visible():
    visible = rendered(layer((5.0, 0.0))).visible
    assert visible[:, :58].all() and not visible[:, 60:].any()


def test_a_layer_that_is_too_fast_is_slowed_down_as_a_whole():
    flow = rendered(layer((30.0, 40.0)), bound=5.0).flow
    np.testing.assert_allclose(flow, np.broadcast_to((3.0, 4.0), flow.shape), rtol=1e-5)


@pytest.mark.parametrize("bend", [0.5, 1.0, 5.0])
def test_places_are_inverted(bend):
    y, x = np.mgrid[:96, :128].astype("float32")
    for number in range(5):
        motion = draw_scene(dataclasses.replace(SMALL, bend=bend), number).layers[0].motion
        moved = motion.displacement(x, y)
        before_x, before_y = _places_before(motion, x + moved[..., 0], y + moved[..., 1])
        assert max(np.abs(before_x - x).max(), np.abs(before_y - y).max()) < 5e-3


def test_brightness_drifts_by_the_gain_and_noise_has_its_strength():
    dark = rendered(layer(), gain=0.9).frames.astype(float)
    inside = dark[0] < 250
    np.testing.assert_allclose(dark[1][inside], 0.9 * dark[0][inside], atol=1.0)
    noisy = render(Scene((layer(),), 1.0, 4.0, 0), (48, 64), 20.0, procedural).frames.astype(float)
    middle = (noisy > 20).all(axis=0) & (noisy < 235).all(axis=0)
    assert np.std((noisy[1] - noisy[0])[middle]) == pytest.approx(4 * np.sqrt(2), rel=0.05)


def test_layers_are_cut_from_the_users_pictures(tmp_path):
    for name, colour in (("a.png", (0, 0, 255)), ("sub/b.jpg", (255, 0, 0))):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / name), np.full((40, 60, 3), colour, np.uint8))
    recipe = dataclasses.replace(SMALL, pictures=str(tmp_path), objects=0)
    colours = {tuple(np.rint(render_pair(recipe, k).frames[0].mean((0, 1)) / 255)) for k in range(10)}
    assert colours == {(1, 0, 0), (0, 0, 1)}
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no folder with pictures"):
        render_pair(dataclasses.replace(recipe, pictures=str(tmp_path / "empty")), 0)


def test_layers_are_cut_from_the_middle_frames_of_the_users_videos(tmp_path):
    grey = np.arange(0, 250, 50, dtype=np.uint8)
    write_video(tmp_path / "film.mp4", np.broadcast_to(grey[:, None, None, None], (5, 64, 64, 3)), fps=10)
    recipe = dataclasses.replace(SMALL, pictures=str(tmp_path), objects=0)
    assert render_pair(recipe, 0).frames.mean() == pytest.approx(100, abs=3)
    (tmp_path / "film.mp4").write_bytes(b"no film")
    _picture.cache_clear()
    with pytest.raises(InputError, match="film.mp4"):
        render_pair(recipe, 0)
