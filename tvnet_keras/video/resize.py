"""Resizing of frames and fields by OpenCV, on a half-pixel grid. `ops.resize` lists every resize of the library."""

import cv2
import numpy as np

from tvnet_keras.errors import InputError

Size = int | tuple[int, int]
"""An int (square) or `(height, width)`, in pixels."""


def resize_half_pixel_antialiased(frames: np.ndarray, size: Size) -> np.ndarray:
    """Resizes every frame, a side that shrinks by area (no aliasing that looks like motion), one that grows bilinearly.

    Where one shrinks and the other grows, the frame is shrunk first and rounded to uint8 between.

    Args:
        frames: uint8 `[T, H, W, 3]`.
        size: size of the result, in pixels.

    Returns:
        uint8 `[T, height, width, 3]`; the input itself where the size is already right.

    Raises:
        InputError: the size is smaller than one pixel.
    """
    height, width = as_pair(size)
    # One call cannot filter one side only: OpenCV interpolates both as soon as either grows.
    shrunk = min(height, frames.shape[1]), min(width, frames.shape[2])
    return resize_half_pixel_bilinear(_resized(frames, shrunk, cv2.INTER_AREA), (height, width))


def resize_half_pixel_bilinear(frames: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resizes every frame or field bilinearly; nothing is filtered where it shrinks.

    Args:
        frames: `[N, H, W, ...]`, uint8 or float32.
        size: `(height, width)` of the result, in pixels.

    Returns:
        `[N, height, width, ...]`; the input itself where the size is already right.

    Example:
        >>> resize_half_pixel_bilinear(np.zeros((2, 8, 8, 3), "uint8"), (4, 6)).shape
        (2, 4, 6, 3)
    """
    return _resized(frames, size, cv2.INTER_LINEAR)


def _resized(frames: np.ndarray, size: tuple[int, int], method: int) -> np.ndarray:
    if frames.shape[1:3] == tuple(size):
        return frames
    return np.stack([cv2.resize(frame, size[::-1], interpolation=method) for frame in frames])


def as_pair(size: Size) -> tuple[int, int]:
    """A size as (height, width), in pixels.

    Args:
        size: an int or a pair.

    Raises:
        InputError: the size is smaller than one pixel.
    """
    height, width = (size, size) if isinstance(size, int) else size
    if height < 1 or width < 1:
        raise InputError(f"A size must be at least 1 pixel each way. Received: size={size}")
    return int(height), int(width)
