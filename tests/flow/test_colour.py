"""The colour code against a plain transcription of the authors' C code."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tvnet_keras.errors import InputError
from tvnet_keras.flow.colour import colour_wheel, flow_to_colour
from tvnet_keras.flow.io import known_vectors, read_flo


def official_wheel() -> list[tuple[int, int, int]]:
    """`makecolorwheel` of colorcode.cpp, line by line."""
    wheel = []
    wheel += [(255, 255 * i // 15, 0) for i in range(15)]
    wheel += [(255 - 255 * i // 6, 255, 0) for i in range(6)]
    wheel += [(0, 255, 255 * i // 4) for i in range(4)]
    wheel += [(0, 255 - 255 * i // 11, 255) for i in range(11)]
    wheel += [(255 * i // 13, 0, 255) for i in range(13)]
    wheel += [(255, 0, 255 - 255 * i // 6) for i in range(6)]
    return wheel


def official_colour(fx: float, fy: float) -> list[int]:
    """`computeColor` of colorcode.cpp, line by line, in RGB."""
    wheel = official_wheel()
    rad = math.sqrt(fx * fx + fy * fy)
    a = math.atan2(-fy, -fx) / math.pi
    fk = (a + 1.0) / 2.0 * (len(wheel) - 1)
    k0 = int(fk)
    k1 = (k0 + 1) % len(wheel)
    f = fk - k0
    pixel = []
    for b in range(3):
        col0, col1 = wheel[k0][b] / 255.0, wheel[k1][b] / 255.0
        col = (1 - f) * col0 + f * col1
        col = 1 - rad * (1 - col) if rad <= 1 else col * 0.75
        pixel.append(int(255.0 * col))
    return pixel


def test_same_as_the_authors_code():
    flow = np.random.default_rng(0).uniform(-1, 1, (20, 30, 2)).astype(np.float32)
    expected = np.array([[official_colour(float(u), float(v)) for u, v in row] for row in flow])
    # Their wheel is cut to whole numbers one way, ours the same; single precision may still flip one level.
    assert np.abs(flow_to_colour(flow, max_flow=1.0).astype(int) - expected).max() <= 1


@pytest.mark.parametrize("max_flow", [1e-3, 0.37, 5.0, 1e4])
def test_no_level_is_off_by_more_than_one_at_any_length_and_beside_the_seam(max_flow):
    random = np.random.default_rng(0)
    length = np.concatenate([random.uniform(0, 1.5, 3000), np.full(500, 1.0), np.logspace(-9, 0, 500)])
    angle = np.concatenate([random.uniform(-np.pi, np.pi, 2000), random.normal(scale=1e-6, size=2000)])
    flow = np.float32(max_flow) * np.stack([length * np.cos(angle), length * np.sin(angle)], axis=-1)[None]
    flow = flow.astype(np.float32)
    # Whether a vector on the rim is beyond it is a matter of rounding.
    relative = np.hypot(*(flow.astype(np.float64) / np.float32(max_flow))[0].T)
    sure = np.abs(relative - 1) > 1e-6
    expected = np.array(
        [official_colour(*map(float, vector)) for vector in flow[0].astype(np.float64) / np.float32(max_flow)]
    )
    assert np.abs(flow_to_colour(flow, max_flow)[0].astype(int) - expected)[sure].max() <= 1


def test_minus_zero_is_zero_on_the_seam_of_the_wheel():
    right = np.array([[[0.5, 0.0], [0.5, -0.0], [1.0, 0.0], [1.0, -0.0], [3.0, -0.0]]], np.float32)
    painted = flow_to_colour(right, 1.0)[0]
    assert painted[:, 2].tolist() == painted[:, 1].tolist() == [127, 127, 0, 0, 0]


def test_directions_as_on_the_published_wheel():
    directions = np.array([[(1, 0), (0, 1), (-1, 0), (0, -1)]], np.float32)
    right, down, left, up = flow_to_colour(directions)[0].astype(int)
    assert right.tolist() == [255, 0, 0]
    assert down[0] > 200 and down[1] > 200 and down[2] == 0, "down is yellow"
    assert left[0] == 0 and left[2] > 200, "left is cyan to blue"
    assert 50 < up[0] < 150 and up[1] == 0 and up[2] == 255, "up is violet"


def test_zero_is_white_unknown_is_black():
    flow = np.zeros((2, 3, 2), np.float32)
    flow[0, 1] = np.nan
    flow[1, 2] = (0, 1.7e9)
    flow[0, 0] = np.inf
    painted = flow_to_colour(flow)
    black = np.array([[True, True, False], [False, False, True]])
    assert (painted[black] == 0).all() and (painted[~black] == 255).all()


def test_scale_is_shared_by_all_pictures_of_a_call_and_can_be_set():
    flow = np.zeros((2, 4, 4, 2), np.float32)
    flow[0, ..., 0], flow[1, ..., 0] = 2.0, 1.0
    painted = flow_to_colour(flow)
    assert (painted[0] == [255, 0, 0]).all() and (painted[1] == [255, 127, 127]).all()
    assert (flow_to_colour(flow[1], max_flow=2.0) == painted[1]).all()
    assert (flow_to_colour(flow[0], max_flow=1.0) == [191, 0, 0]).all(), "longer than the scale: darkened"
    assert (flow_to_colour(3 * flow) == painted).all()


def test_wheel_is_a_legend():
    wheel = colour_wheel(65)
    assert wheel.shape == (65, 65, 3) and wheel.dtype == np.uint8
    assert (wheel[32, 32] == 255).all() and (wheel[0, 0] == 0).all()
    assert wheel[32, 64].tolist() == [255, 0, 0]
    assert len(np.unique(wheel.reshape(-1, 3), axis=0)) > 1000


def test_middlebury_truth_paints_unknown_black(shared_data):
    flow = read_flo(shared_data / "middlebury/other-gt-flow/RubberWhale/flow10.flo")
    painted = flow_to_colour(flow)
    assert painted.shape == (388, 584, 3)
    assert ((painted == 0).all(-1) == ~known_vectors(flow)).all()


@pytest.mark.parametrize("arguments", [(np.zeros((4, 4)),), (np.zeros((4, 4, 3)),), (np.zeros((4, 4, 2)), 0.0)])
def test_bad_arguments_are_refused(arguments):
    with pytest.raises(InputError, match="Received"):
        flow_to_colour(*arguments)
