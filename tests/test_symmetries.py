"""Frames that are mirrored, turned or resized have mirrored, turned or resized flow, whatever uses it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.textures import texture
from tvnet_keras.flow.measure import resize_truth_half_pixel_bilinear
from tvnet_keras.losses.tvl1_energy import tvl1_energy
from tvnet_keras.ops.resize import resize_align_corners_bilinear, resize_flow
from tvnet_keras.ops.warp import warp
from tvnet_keras.video.resize import resize_half_pixel_bilinear

RANDOM = np.random.default_rng(0)
SIZE = (49, 61)


def array(tensor):
    return keras.ops.convert_to_numpy(tensor)


def smooth_flow(height, width):
    """`[1, H, W, 2]` float32: a turn, a zoom and a shift together, of up to three pixels."""
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    return np.stack([0.8 - 0.9 * y + 0.6 * x, -0.5 + 1.1 * x + 0.7 * y], axis=-1)[None].astype("float32")


IMAGE = texture(*SIZE)[None, ..., None].astype("float32")
FLOW = smooth_flow(*SIZE)
INSIDE = np.s_[:, 6:-6, 6:-6]


@pytest.mark.parametrize("size", [(97, 121), (97, 61), (33, 45)], ids="{0[0]} x {0[1]}".format)
def test_warping_and_resizing_commute(size):
    resized_first = warp(resize_align_corners_bilinear(IMAGE, *size), resize_flow(FLOW, *size))
    warped_first = resize_align_corners_bilinear(warp(IMAGE, FLOW), *size)
    difference = np.abs(array(resized_first) - array(warped_first))[INSIDE]
    # Both interpolate bilinearly, one before and one after; a flow that was not scaled is off by a tenth of the range.
    unscaled = np.abs(
        array(warp(resize_align_corners_bilinear(IMAGE, *size), resize_align_corners_bilinear(FLOW, *size)))
        - array(warped_first)
    )
    assert difference.mean() < 0.01 * np.ptp(IMAGE) and unscaled[INSIDE].mean() > 3 * difference.mean()


@pytest.mark.parametrize("size", [(98, 122), (98, 61), (35, 45)], ids="{0[0]} x {0[1]}".format)
def test_warping_commutes_with_the_resizing_of_truth_and_frames(size):
    frames, truth = np.rint(np.repeat(IMAGE, 3, axis=-1)).astype("uint8"), FLOW[0]
    warped = np.rint(array(warp(frames.astype("float32"), FLOW))).astype("uint8")
    resized_first = warp(
        resize_half_pixel_bilinear(frames, size).astype("float32"), resize_truth_half_pixel_bilinear(truth, size)[None]
    )
    difference = np.abs(array(resized_first) - resize_half_pixel_bilinear(warped, size))[INSIDE]
    assert difference.mean() < 0.01 * np.ptp(IMAGE)


def turned(field):
    return field.swapaxes(1, 2)


def test_warping_turned_images_by_turned_flow_is_turning_the_warped_image():
    np.testing.assert_allclose(
        warp(turned(IMAGE), turned(FLOW)[..., ::-1]), turned(array(warp(IMAGE, FLOW))), atol=1e-3
    )


@pytest.mark.parametrize(("axis", "sign"), [(2, (-1, 1)), (1, (1, -1))], ids=["horizontal", "vertical"])
def test_warping_mirrored_images_by_mirrored_flow_is_mirroring_the_warped_image(axis, sign):
    mirrored = np.flip(FLOW, axis) * np.float32(sign)
    expected = np.flip(array(warp(IMAGE, FLOW)), axis)
    np.testing.assert_allclose(warp(np.flip(IMAGE, axis), mirrored), expected, atol=1e-3)


CLIP = np.stack([texture(13, 17, (0.7 * t, -0.4 * t)) for t in range(3)])[None, ..., None].astype("float32") / 255
FLOWS = RANDOM.normal(size=(1, 2, 13, 17, 2)).astype("float32")


@pytest.mark.parametrize(
    "symmetry",
    [
        lambda clip, flow: (clip.swapaxes(2, 3), flow.swapaxes(2, 3)[..., ::-1]),
        lambda clip, flow: (np.flip(clip, 3), np.flip(flow, 3) * np.float32([-1, 1])),
        lambda clip, flow: (np.flip(clip, 2), np.flip(flow, 2) * np.float32([1, -1])),
    ],
    ids=["transposed", "mirrored", "upside down"],
)
def test_the_energy_of_a_flow_knows_no_left_right_up_and_down(symmetry):
    clip, flow = symmetry(CLIP, FLOWS)
    found = array(tvl1_energy(tf.constant(clip), tf.constant(flow)))
    np.testing.assert_allclose(found, tvl1_energy(CLIP, FLOWS), rtol=1e-5)
