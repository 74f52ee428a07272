"""How good a flow field is: end-point error against the truth, and the photometric residual without one."""

from __future__ import annotations

import cv2
import keras
import numpy as np

from tvnet_keras.errors import InputError
from tvnet_keras.flow.io import UNKNOWN, known_vectors
from tvnet_keras.ops.intensity import to_grey
from tvnet_keras.ops.warp import warp


def mean_end_point_error(flow: np.ndarray, truth: np.ndarray) -> float:
    """Mean distance of the vectors from the known ones of the truth, in pixels.

    Args:
        flow: `[H, W, 2]`, pixels.
        truth: `[H, W, 2]`, pixels; unknown vectors (`known_vectors`) do not count.

    Raises:
        InputError: the sizes differ, or no vector of the truth is known.
    """
    if flow.shape != truth.shape:
        raise InputError(f"The flow has the shape {flow.shape} and its truth {truth.shape}; compare equal sizes.")
    known = known_vectors(truth)
    if not known.any():
        raise InputError("No vector of the exact flow is known, so there is nothing to compare with.")
    return float(np.linalg.norm((flow[known] - truth[known]).astype(np.float64), axis=-1).mean())


def photometric_residual(frames: np.ndarray, flow: np.ndarray) -> float:
    """Mean `|I2(x + flow) - I1(x)|` in grey levels: how much of the first frame the flow does not explain.

    It stands in for the end-point error where no truth is known (Fan et al. 2018, Table 2: rho of Eq. 1).

    Args:
        frames: uint8 `[2, H, W, 3]`, RGB.
        flow: `[H, W, 2]`, pixels. Positions outside the frame take the nearest pixel.

    Returns:
        0..255.
    """
    first, second = keras.ops.convert_to_numpy(to_grey(keras.ops.cast(frames, "float32")))
    moved = keras.ops.convert_to_numpy(warp(second[None, ..., None], flow[None].astype(np.float32)))
    return float(np.abs(moved[0, ..., 0] - first, dtype=np.float64).mean())


def unknown_as_zero(truth: np.ndarray) -> np.ndarray:
    """The truth with every unknown vector set to zero, as the released TVNet counts them."""
    return np.where(known_vectors(truth)[..., None], truth, np.float32(0))


def resize_frames(frames: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resizes uint8 frames `[N, H, W, 3]` bilinearly to `size`, (height, width)."""
    return np.stack([cv2.resize(frame, size[::-1], interpolation=cv2.INTER_LINEAR) for frame in frames])


def resize_truth(truth: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resizes an exact flow bilinearly and scales its vectors with it.

    Args:
        truth: `[H, W, 2]`, pixels; unknown vectors as `known_vectors` tells them.
        size: (height, width) in pixels.

    Returns:
        float32 `[height, width, 2]`, pixels of the new size; a vector to which an unknown one contributes is unknown.
    """
    height, width = truth.shape[:2]
    known = known_vectors(truth).astype(np.float32)
    resized = cv2.resize(unknown_as_zero(truth), size[::-1], interpolation=cv2.INTER_LINEAR)
    resized *= np.array([size[1] / width, size[0] / height], np.float32)
    resized[cv2.resize(known, size[::-1], interpolation=cv2.INTER_LINEAR) < 1] = UNKNOWN
    return resized
