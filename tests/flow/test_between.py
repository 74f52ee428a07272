"""Flow over several steps is that of each, one after the other: exact where the motion is affine."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tvnet_keras.errors import InputError
from tvnet_keras.flow.between import compose, flow_between, steps_between
from tvnet_keras.video.moving_shapes.writer import exact_flow
from tvnet_keras.video.read import read_frames

HEIGHT, WIDTH = 40, 52
MOTION = np.array([[1.02, -0.03, 0.9], [0.025, 0.985, -0.7], [0, 0, 1]])
"""Where a point `(x, y, 1)` of a frame is in the next one."""


def affine_flow(motion):
    """The flow `[H, W, 2]` of an affine map of the points."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    points = np.stack([x, y, np.ones_like(x)], -1)
    return (points @ motion.T - points)[..., :2].astype("float32")


def constant(u, v):
    return np.broadcast_to(np.float32([u, v]), (HEIGHT, WIDTH, 2))


def test_constant_steps_add_up():
    np.testing.assert_allclose(compose([constant(1.5, -0.25), constant(-4, 2), constant(0.5, 7)]), constant(-2, 8.75))
    np.testing.assert_array_equal(compose([constant(1.5, 2)]), constant(1.5, 2))


@pytest.mark.parametrize("steps", [2, 3, 5])
def test_an_affine_motion_over_several_steps_is_its_power(steps):
    found = compose([affine_flow(MOTION)] * steps)
    exact = affine_flow(np.linalg.matrix_power(MOTION, steps))
    # Vectors that end beyond the frame take those of its border, and bilinear interpolation is exact of a plane.
    inner = slice(10, -10)
    assert np.abs(exact).max() > steps * 0.7
    # Positions are rounded to 1/32 pixel, of a flow that changes by 4 % a pixel.
    np.testing.assert_allclose(found[inner, inner], exact[inner, inner], atol=steps * 0.04 / 32)


def test_the_order_of_the_steps_counts():
    stretch, shift = affine_flow(np.diag([1.1, 1.0, 1.0])), constant(5, 0)
    column = np.arange(WIDTH - 12)
    np.testing.assert_allclose(compose([shift, stretch])[20, : WIDTH - 12, 0], 5 + 0.1 * (column + 5), atol=1e-2)
    np.testing.assert_allclose(compose([stretch, shift])[20, : WIDTH - 12, 0], 5 + 0.1 * column, atol=1e-2)


def test_two_exact_steps_lead_a_frame_to_the_next_but_one(shapes):
    path = shapes.videos[0].path
    steps, frames = exact_flow(path), read_frames(path).astype("float32")
    (two,) = flow_between(lambda numbers: steps[numbers], np.array([1]), np.array([3]))
    y, x = np.mgrid[: two.shape[0], : two.shape[1]]
    places = [np.clip(np.rint(axis + two[..., k]).astype(int), 0, side - 1) for k, (axis, side) in
              enumerate(((x, two.shape[1]), (y, two.shape[0])))]  # fmt: skip
    moved = frames[3][places[1], places[0]]
    still, left = (np.median(np.abs(frame - frames[1])) for frame in (frames[3], moved))
    # What the objects hide is not explained; the median is that of the ground and the objects themselves.
    assert left < 0.7 * still


def fields_of(numbers):
    """Step k moves by k + 1 pixels to the right."""
    return np.stack([constant(number + 1, 0) for number in numbers])


def test_every_step_is_read_once_and_only_those_in_between():
    asked = []

    def read(numbers):
        asked.append(numbers.tolist())
        return fields_of(numbers)

    first, last = np.array([2, 3, 2, 6]), np.array([4, 5, 2, 7])
    found = flow_between(read, first, last)
    assert asked == [[2, 3, 4, 6]]
    assert found.shape == (4, HEIGHT, WIDTH, 2) and found.dtype == np.float32
    assert found[:, 0, 0, 0].tolist() == [3 + 4, 4 + 5, 0, 7]


def test_from_a_frame_to_itself_nothing_moves():
    found = flow_between(fields_of, np.array([7, 9]), np.array([7, 9]))
    assert found.shape == (2, HEIGHT, WIDTH, 2) and not found.any()


def test_the_steps_are_those_between_the_frames():
    for first, last in itertools.combinations(range(6), 2):
        assert steps_between(np.array([first]), np.array([last])).tolist() == list(range(first, last))


def test_backwards_is_refused_with_a_remedy():
    for call in (steps_between, lambda first, last, name: flow_between(fields_of, first, last, name=name)):
        with pytest.raises(InputError, match=r"v7 is shorter than a clip and starts again.*short=clamp"):
            call(np.array([0, 5]), np.array([1, 0]), name="v7")
