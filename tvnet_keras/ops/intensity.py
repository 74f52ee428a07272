"""From colour frames to the smooth grey images on which TV-L1 works."""

import math
from typing import cast

import keras
import numpy as np
from keras import ops

from tvnet_keras.ops.borders import replicate
from tvnet_keras.typing import Tensor

GREY_WEIGHTS = (0.299, 0.587, 0.114)
"""ITU-R BT.601 luma, for R, G, B (FACTS: the released TVNet uses the same weights)."""


def to_255(frames: Tensor, value_range: tuple[float, float] = (0.0, 1.0)) -> Tensor:
    """Frames as float32 in 0..255, the range that TV-L1's constants belong to.

    Args:
        frames: integers, which mean 0..255, or floats within `value_range`.
        value_range: `(low, high)` that float frames span.

    Returns:
        float32, the shape of `frames`.
    """
    values = ops.cast(frames, "float32")
    if keras.backend.is_int_dtype(frames.dtype):
        return values
    low, high = value_range
    return (values - low) * (255.0 / (high - low))


def to_grey(frames: Tensor) -> Tensor:
    """Luma of RGB frames, or the only channel of grey frames.

    Args:
        frames: float tensor `[..., C]`, C = 1 or 3 (R, G, B), any value range.

    Returns:
        Tensor `[...]` in the range of `frames`.

    Raises:
        ValueError: C is neither 1 nor 3.
    """
    channels = frames.shape[-1]
    if channels == 1:
        return frames[..., 0]
    if channels != 3:
        raise ValueError(f"to_grey needs 1 or 3 channels (R, G, B). Received: frames.shape={tuple(frames.shape)}")
    red, green, blue = GREY_WEIGHTS
    return red * frames[..., 0] + green * frames[..., 1] + blue * frames[..., 2]


def gaussian_taps(size: int = 5, sigma: float = 0.8) -> np.ndarray:
    """Weights of a Gaussian; each is the integral over one pixel, and their sum is 1.

    Args:
        size: number of weights.
        sigma: standard deviation in pixels.

    Returns:
        `[size]`, float32.
    """
    edges = (np.arange(size + 1) - size / 2) / (sigma * math.sqrt(2))
    taps = np.diff([math.erf(edge) for edge in edges])
    return (taps / taps.sum()).astype("float32")


def smooth(images: Tensor, size: int = 5, sigma: float = 0.8) -> Tensor:
    """Separable Gaussian smoothing with edge-replicated borders, so that a constant image stays constant.

    Args:
        images: float tensor `[N, H, W]`.
        size: number of weights per direction, odd.
        sigma: standard deviation in pixels.

    Returns:
        Tensor `[N, H, W]`.
    """
    taps = gaussian_taps(size, sigma)
    for axis in (1, 2):
        images = _weighted_shifts(images, taps, axis)
    return images


def _weighted_shifts(images: Tensor, taps: np.ndarray, axis: int) -> Tensor:
    padded = replicate(images, len(taps) // 2, axis)
    length = ops.shape(images)[axis]
    if axis == 1:
        shifted = [padded[:, k : k + length] for k in range(len(taps))]
    else:
        shifted = [padded[:, :, k : k + length] for k in range(len(taps))]
    # A tensor, not the 0 that a sum begins with.
    return cast(Tensor, sum(float(tap) * part for tap, part in zip(taps, shifted, strict=True)))
