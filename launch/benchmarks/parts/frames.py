"""The frames that solvers and networks are measured on: Middlebury's pairs, or a generated texture that moves."""

import functools

import cv2
import numpy as np

from tvnet_keras.flow import pairs
from tvnet_keras.video.resize import resize_half_pixel_antialiased

GENERATED_SIZE = (480, 640)
"""Height and width of the generated pair, in pixels."""

GENERATED_MOTION = (2, -3)
"""Number of rows and of columns, in pixels, by which the generated texture moves."""


def clips(data_dir: str, batch: int, height: int, width: int) -> np.ndarray:
    """A batch of pairs at one size; the pairs repeat where there are fewer than `batch`.

    Args:
        data_dir: Middlebury's folder (`other-data`, `other-gt-flow`); empty for a generated pair.
        batch: number of pairs.
        height: height of the frames, in pixels.
        width: width of the frames, in pixels.

    Returns:
        uint8 `[batch, 2, height, width, 3]`, RGB 0..255.

    Raises:
        InputError: there are no pairs, or a file cannot be read.
    """
    originals = _originals(data_dir)
    shown = (originals[k % len(originals)] for k in range(batch))
    return np.stack([resize_half_pixel_antialiased(frames, (height, width)) for frames in shown])


def moving_clip(count: int, height: int, width: int) -> np.ndarray:
    """The generated texture of the pairs, which moves on at its pace from frame to frame.

    Args:
        count: number of frames.
        height: height of the frames, in pixels.
        width: width of the frames, in pixels.

    Returns:
        uint8 `[count, height, width, 3]`, RGB 0..255.
    """
    return resize_half_pixel_antialiased(_generated(count), (height, width))


@functools.cache
def _originals(data_dir: str) -> tuple[np.ndarray, ...]:
    if data_dir:
        return tuple(pair.frames() for pair in pairs.load("middlebury", data_dir))
    return (_generated(2),)


def _generated(count: int) -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 256, (*GENERATED_SIZE, 3), dtype=np.uint8)
    blurred = cv2.GaussianBlur(noise, (0, 0), 3)
    first = cv2.normalize(blurred, np.empty_like(blurred), 0, 255, cv2.NORM_MINMAX)
    return np.stack([np.roll(first, np.multiply(GENERATED_MOTION, k), axis=(0, 1)) for k in range(count)])
