"""Frames, flow and known travel together: exact affine motion fields stay exact."""

from __future__ import annotations

import itertools
from dataclasses import replace

import cv2
import keras
import numpy as np
import pytest

from tvnet_keras.errors import InputError
from tvnet_keras.flow.augment import FlowRecipe, test_view, train_view
from tvnet_keras.flow.io import known_vectors
from tvnet_keras.flow.pairs import load
from tvnet_keras.ops.warp import warp
from tvnet_keras.video import ViewRecipe
from tvnet_keras.video import augment as video

HEIGHT, WIDTH = 60, 84
MOTION = np.array([[0.02, -0.03, 1.7], [0.025, -0.015, -1.2]])
"""flow(x, y) = MOTION @ (x, y, 1), with pixel centres at half pixels."""


def affine_field(matrix: np.ndarray, height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width] + 0.5
    return (np.stack([x, y, np.ones_like(x)], -1) @ matrix.T).astype(np.float32)


def pattern(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    waves = [np.sin(0.14 * x + 0.07 * y), np.sin(0.09 * x - 0.13 * y + 1), np.cos(0.14 * y + 0.05 * x)]
    return 127.5 + 100 * np.stack(waves, -1)


def moving_pair(height: int = HEIGHT, width: int = WIDTH) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A pattern that moves by MOTION: frames, exact flow, known."""
    y, x = np.mgrid[:height, :width] + 0.5
    # What stands at p in the second frame came from q with q + MOTION(q) = p.
    back = np.linalg.inv(np.eye(3) + np.vstack([MOTION, np.zeros(3)]))
    came = np.stack([x, y, np.ones_like(x)], -1) @ back.T
    frames = np.stack([pattern(x, y), pattern(came[..., 0], came[..., 1])])
    known = np.ones((1, height, width), bool)
    return np.rint(frames).astype(np.uint8), affine_field(MOTION, height, width)[None], known


def fitted_map(recipe: FlowRecipe, seed: int) -> np.ndarray:
    """The geometric map of a view, `[3, 3]` from frame to view, found by sending the coordinates through as a flow.

    Vectors are mapped by the linear part L, so a field that holds the position p comes out as L p, and a constant
    field of e_x as the first column of L.
    """
    frames, _, known = moving_pair()
    identity = affine_field(np.eye(3)[:2], HEIGHT, WIDTH)[None]

    def send(flow):
        return train_view(frames, flow, known, recipe, np.random.default_rng(seed))[1:3]

    columns = [send(np.broadcast_to(np.float32(unit), known.shape + (2,)))[0] for unit in ((1, 0), (0, 1))]
    linear = np.stack([column[0][column[0].any(-1)][0] for column in columns], axis=1).astype(float)
    positions, seen = send(identity)
    # view = L p + shift at pixel centres.
    y, x = np.mgrid[: positions.shape[1], : positions.shape[2]] + 0.5
    shift = np.median((np.stack([x, y], -1) - positions[0])[seen[0]], axis=0)
    return np.vstack([np.column_stack([linear, shift]), [0, 0, 1]])


def photometric(frames: np.ndarray, flow: np.ndarray, known: np.ndarray) -> float:
    """Mean difference of frame 1 and frame 2 warped back, where both were seen."""
    second = frames[1:2].astype(np.float32)
    moved = keras.ops.convert_to_numpy(warp(second, flow))[0]
    # Beyond the frame a view is made up, in the second frame as in the first.
    seen = keras.ops.convert_to_numpy(warp(known[..., None].astype(np.float32), flow))[0, ..., 0] > 0.999
    y, x = np.mgrid[: flow.shape[1], : flow.shape[2]]
    ends = flow[0] + np.stack([x, y], -1)
    valid = known[0] & seen & (ends >= 1).all(-1) & (ends <= np.array(flow.shape[2:0:-1]) - 2).all(-1)
    assert valid.mean() > 0.2
    return float(np.abs(moved - frames[0])[valid].mean())


RECIPES = {
    "crop": FlowRecipe((40, 48), crop="random", resize_short=60),
    "crop and scale": FlowRecipe((40, 48), crop="random", resize_short=90),
    "corner": FlowRecipe((40, 48), crop="corner"),
    "corner of thirteen": FlowRecipe((40, 48), crop="corner", crop_ratios=(0.9, 0.6), crop_places=13),
    "shrink": FlowRecipe((30, 42)),
    "shrink unevenly": FlowRecipe((45, 28)),
    "enlarge": FlowRecipe((90, 100)),
    "linear": FlowRecipe((50, 70), interpolation="linear"),
    "flip": FlowRecipe(None, flip=True),
    "rotation": FlowRecipe(None, rotation=25),
    "translation": FlowRecipe(None, translation=0.2),
    "zoom": FlowRecipe(None, zoom=0.5),
    "colour": FlowRecipe(None, colour_jitter=0.4),
    "everything": FlowRecipe((44, 52), "corner", None, True, 0.2, 20, 0.1, 0.3),
    "everything, linear": FlowRecipe((44, 52), "random", 56, True, 0.2, 20, 0.1, 0.3, "linear"),
}
each_recipe = pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)


@each_recipe
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_an_affine_motion_becomes_the_motion_seen_in_the_view(recipe, seed):
    frames, flow, known = moving_pair()
    view, moved, seen, _ = train_view(frames, flow, known, recipe, np.random.default_rng(seed))
    size = recipe.size or (HEIGHT, WIDTH)
    assert view.shape == (2, *size, 3) and moved.shape == (1, *size, 2) and seen.shape == (1, *size)
    assert (view.dtype, moved.dtype, seen.dtype) == (np.uint8, np.float32, bool)
    # The point at P q in the view moves by L MOTION(q).
    to_view = fitted_map(recipe, seed)
    expected = affine_field(to_view[:2, :2] @ MOTION @ np.linalg.inv(to_view), *size)
    # Resizing repeats the frame's border, so vectors there are those of up to half a source pixel inwards.
    inner = seen[0].copy()
    inner[[0, -1]] = inner[:, [0, -1]] = False
    assert inner.mean() > 0.3
    assert np.abs(moved[0] - expected)[inner].max() < 1e-3
    assert not moved[0][~seen[0]].any()


@each_recipe
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_flow_of_a_view_explains_its_frames(recipe, seed):
    frames, flow, known = moving_pair()
    view, moved, seen, _ = train_view(frames, flow, known, recipe, np.random.default_rng(seed))
    still = photometric(view, np.zeros_like(moved), seen)
    assert still > 5
    # What is left is bilinear interpolation, most where the waves are shrunk most.
    assert photometric(view, moved, seen) < 1


@pytest.mark.parametrize("size", [(40, 48), (90, 84), (30, 100)])
@pytest.mark.parametrize("crop", ["none", "corner", "random"])
@pytest.mark.parametrize("jitter", [0.0, 0.3])
def test_frames_are_those_of_the_video_pipeline(size, crop, jitter):
    frames, flow, known = moving_pair()
    short = None if crop == "none" else 50
    recipe = FlowRecipe(size, crop, short, True, jitter)
    for seed in range(6):
        expected = video.train_view(
            frames, ViewRecipe(size, crop, short, flip=True, colour_jitter=jitter), np.random.default_rng(seed)
        )
        view, _, _, flipped = train_view(frames, flow, known, recipe, np.random.default_rng(seed))
        np.testing.assert_array_equal(view, expected[0])
        assert flipped == expected[1]


@pytest.mark.parametrize(("crop", "short"), [("none", None), ("center", None), ("center", 70)])
def test_frames_of_a_test_are_those_of_the_video_pipeline(crop, short):
    frames, flow, known = moving_pair()
    expected, _ = video.test_views(frames, ViewRecipe((40, 48), crop, short))
    recipe = FlowRecipe((40, 48), crop, short, flip=True, rotation=30, colour_jitter=1)
    np.testing.assert_array_equal(test_view(frames, flow, known, recipe)[0], expected[0])


def test_own_size_and_nothing_random_is_the_identity():
    frames, flow, known = moving_pair()
    known = np.random.default_rng(0).random(known.shape) < 0.7
    for view in (
        train_view(frames, flow, known, FlowRecipe(None), np.random.default_rng(0))[:3],
        test_view(frames, flow, known, FlowRecipe(None)),
    ):
        np.testing.assert_array_equal(view[0], frames)
        np.testing.assert_array_equal(view[1], np.where(known[..., None], flow, 0))
        np.testing.assert_array_equal(view[2], known)


def test_a_flip_negates_u_and_mirrors_everything():
    frames, flow, known = moving_pair()
    known = np.random.default_rng(0).random(known.shape) < 0.7
    seed = next(k for k in itertools.count() if np.random.default_rng(k).random() < 0.5)
    recipe = FlowRecipe(None, flip=True)
    view, moved, seen, flipped = train_view(frames, flow, known, recipe, np.random.default_rng(seed))
    assert flipped
    np.testing.assert_array_equal(view, frames[:, :, ::-1])
    np.testing.assert_array_equal(moved[..., 0], np.where(known, -flow[..., 0], 0)[:, :, ::-1])
    np.testing.assert_array_equal(moved[..., 1], np.where(known, flow[..., 1], 0)[:, :, ::-1])
    np.testing.assert_array_equal(seen, known[:, :, ::-1])


def test_a_constant_flow_scales_with_each_axis():
    frames, _, known = moving_pair()
    flow = np.broadcast_to(np.float32([3, -2]), (1, HEIGHT, WIDTH, 2))
    for interpolation in ("area", "linear"):
        recipe = FlowRecipe((HEIGHT // 2, WIDTH * 2), interpolation=interpolation)
        moved, seen = test_view(frames, flow, known, recipe)[1:]
        np.testing.assert_allclose(moved, np.broadcast_to(np.float32([6, -1]), moved.shape), rtol=1e-6)
        assert seen.all()


def test_a_turn_turns_constant_vectors_and_keeps_their_length():
    frames, _, known = moving_pair()
    flow = np.broadcast_to(np.float32([3, 4]), (1, HEIGHT, WIDTH, 2))
    angles = []
    for seed in range(20):
        recipe = FlowRecipe(None, rotation=30)
        _, moved, seen, _ = train_view(frames, flow, known, recipe, np.random.default_rng(seed))
        vectors = moved[seen]
        np.testing.assert_allclose(np.hypot(*vectors.T), 5, rtol=1e-5)
        assert np.ptp(vectors, axis=0).max() < 1e-5
        angles.append(np.rad2deg(np.arctan2(vectors[0, 1], vectors[0, 0]) - np.arctan2(4, 3)))
    assert -30 <= min(angles) < -10 and 10 < max(angles) <= 30


def test_a_shift_moves_the_picture_and_leaves_the_vectors():
    frames, flow, known = moving_pair()
    constant = np.broadcast_to(np.float32([3, 4]), flow.shape)
    recipe = FlowRecipe(None, translation=0.25)
    shifts = []
    for seed in range(20):
        _, moved, seen, _ = train_view(frames, constant, known, recipe, np.random.default_rng(seed))
        np.testing.assert_allclose(moved[seen], np.broadcast_to([3, 4], moved[seen].shape), rtol=1e-6)
        shifts.append(fitted_map(recipe, seed)[:2, 2])
        # What lies beyond the frame is unknown: no more and no less.
        inside = [side - abs(shift) for side, shift in zip((WIDTH, HEIGHT), shifts[-1], strict=True)]
        assert seen.sum() == np.prod(np.floor(np.round(inside, 3)))
    largest = np.abs(shifts).max(axis=0) / (WIDTH, HEIGHT)
    assert (largest <= 0.25 + 1e-6).all() and (largest > 0.15).all()


def test_a_zoom_scales_the_vectors_within_its_range():
    frames, _, known = moving_pair()
    flow = np.broadcast_to(np.float32([3, 4]), (1, HEIGHT, WIDTH, 2))
    recipe = FlowRecipe(None, zoom=0.5)
    factors = []
    for seed in range(40):
        moved, seen = train_view(frames, flow, known, recipe, np.random.default_rng(seed))[1:3]
        factors.append(np.hypot(*moved[seen][0]) / 5)
        assert seen.all() == (factors[-1] >= 1)
    assert 1 / 1.5 - 1e-6 <= min(factors) < 0.8 and 1.25 < max(factors) <= 1.5 + 1e-6
    assert np.mean(np.log(factors)) == pytest.approx(0, abs=0.15)


@pytest.mark.parametrize("recipe", [FlowRecipe((30, 42)), FlowRecipe((30, 42), interpolation="linear")])
def test_what_an_unknown_vector_reaches_is_unknown_and_zero(recipe):
    frames, flow, known = moving_pair()
    flow = flow.copy()
    known[0, 20:23, 30:33] = False
    flow[~known] = 1e10
    _, moved, seen = test_view(frames, flow, known, recipe)
    assert np.abs(moved).max() < 10 and not moved[~seen].any()
    assert not seen[0, 10:11, 15:16].any() and 4 <= (~seen).sum() <= 9
    flow[~known] = np.nan
    np.testing.assert_array_equal(test_view(frames, flow, known, recipe)[1], moved)


def test_a_turned_view_masks_what_unknown_vectors_reach():
    frames, flow, known = moving_pair()
    recipe = FlowRecipe((44, 52), "corner", None, True, 0.2, 20, 0.1, 0.3)
    complete = train_view(frames, flow, known, recipe, np.random.default_rng(4))
    hole = known.copy()
    hole[0, 26:34, 38:46] = False
    holed = np.where(hole[..., None], flow, np.float32(1e10))
    _, moved, seen, _ = train_view(frames, holed, hole, recipe, np.random.default_rng(4))
    assert (seen <= complete[2]).all() and 20 < (complete[2] & ~seen).sum() < 400
    np.testing.assert_allclose(moved[seen], complete[1][seen], atol=1e-5)
    assert not moved[~seen].any()


def test_unknown_vectors_may_count_as_no_motion():
    frames, flow, known = moving_pair()
    known[0, :, :40] = False
    recipe = FlowRecipe(None, unknown="zero")
    _, moved, seen = test_view(frames, flow, known, recipe)
    assert seen.all() and not moved[0, :, :40].any()
    np.testing.assert_array_equal(moved[0, :, 40:], flow[0, :, 40:])


def test_a_view_is_a_function_of_its_rng():
    frames, flow, known = moving_pair()
    recipe = RECIPES["everything"]
    one, same, other = (train_view(frames, flow, known, recipe, np.random.default_rng(seed)) for seed in (3, 3, 4))
    for left, right in zip(one, same, strict=True):
        np.testing.assert_array_equal(left, right)
    assert not np.array_equal(one[0], other[0])


@pytest.mark.parametrize("interpolation", ["area", "linear"])
@pytest.mark.parametrize("crop", ["random", "corner", "none"])
def test_a_view_that_hardly_moves_is_the_view_that_does_not_move(crop, interpolation):
    frames, flow, known = moving_pair()
    known[0, 30:36, 20:26] = False
    still = FlowRecipe((40, 48), crop, None if crop == "none" else 56, True, interpolation=interpolation)
    for seed in range(8):
        expected, moved = (
            train_view(frames, flow, known, recipe, np.random.default_rng(seed))
            for recipe in (still, replace(still, rotation=1e-5))
        )
        both = expected[2] & moved[2]
        assert both.mean() > 0.8 and (expected[2] ^ moved[2]).mean() < 0.15 and expected[3] == moved[3]
        # Resizing a window repeats its border; moving looks beyond it.
        inner = np.s_[:, 2:-2, 2:-2]
        np.testing.assert_allclose(moved[1][inner][both[inner]], expected[1][inner][both[inner]], atol=1e-3)
        assert np.abs(moved[0][inner].astype(int) - expected[0][inner]).max() <= 3


def test_every_field_of_a_clip_takes_the_same_map():
    frames, flow, known = moving_pair()
    clip = np.concatenate([frames, frames])
    three = np.repeat(flow, 3, axis=0)
    view, moved, seen, _ = train_view(clip, three, known.repeat(3, 0), RECIPES["everything"], np.random.default_rng(5))
    assert view.shape == (4, 44, 52, 3) and moved.shape == (3, 44, 52, 2) and seen.shape == (3, 44, 52)
    np.testing.assert_array_equal(view[:2], view[2:])
    for k in (1, 2):
        np.testing.assert_array_equal(moved[0], moved[k])
        np.testing.assert_array_equal(seen[0], seen[k])


def test_the_released_protocol_comes_out_to_the_bit(shared_data):
    recipe = FlowRecipe((240, 240), interpolation="linear", unknown="zero")
    for pair in load("middlebury", shared_data / "middlebury"):
        frames, truth = pair.frames(), pair.truth()
        known = known_vectors(truth)
        # As the released script has it: bilinear, the truth scaled, unknown vectors zero and counted.
        height, width = truth.shape[:2]
        scale = np.float32([240 / width, 240 / height])
        released = cv2.resize(np.where(known[..., None], truth, 0), (240, 240)) * scale
        pictures = np.stack([cv2.resize(frame, (240, 240)) for frame in frames])
        for view in (
            test_view(frames, truth[None], known[None], recipe),
            train_view(frames, truth[None], known[None], recipe, np.random.default_rng(0)),
        ):
            np.testing.assert_array_equal(view[0], pictures)
            np.testing.assert_array_equal(view[1][0], released)
            assert view[2].all()


def test_a_recipe_knows_whether_it_is_random():
    assert not FlowRecipe((40, 48)).random and not FlowRecipe((40, 48), "center").random
    for option in ({"flip": True}, {"colour_jitter": 0.1}, {"rotation": 1}, {"translation": 0.1}, {"zoom": 0.1}):
        assert FlowRecipe(None, **option).random
    assert FlowRecipe((40, 48), "random").random and FlowRecipe((40, 48), "corner").random


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"crop": "middle"}, "crop is 'middle'"),
        ({"interpolation": "cubic"}, "interpolation is 'cubic'"),
        ({"unknown": "mask"}, "Did you mean 'masked'"),
        ({"size": None, "crop": "random"}, "give a size"),
        ({"size": None, "resize_short": 40}, "give a size"),
        ({"size": (0, 4)}, "at least 1 pixel"),
        ({"resize_short": 0}, "resize_short must be at least 1"),
        ({"rotation": -1}, "rotation must be at least 0, but is -1"),
        ({"translation": 1.5}, "translation must be at most 1, but is 1.5"),
        ({"zoom": float("inf")}, "zoom must be finite, but is inf"),
        ({"colour_jitter": float("nan")}, "colour_jitter"),
    ],
)
def test_bad_recipes_are_refused_in_a_sentence(bad, said):
    with pytest.raises(InputError, match=said):
        FlowRecipe(**{"size": (40, 48), **bad})


def test_crops_belong_to_training_or_to_tests():
    sample = moving_pair()
    with pytest.raises(InputError, match="crop is 'center'"):
        train_view(*sample, FlowRecipe((40, 48), "center"), np.random.default_rng(0))
    with pytest.raises(InputError, match="crop is 'random'"):
        test_view(*sample, FlowRecipe((40, 48), "random"))
