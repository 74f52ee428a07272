"""Smoothed grey frames for TV-L1, in portable operations."""

import functools
from collections.abc import Callable

from keras import ops

from tvnet_keras.ops.differentiable import compile_with_gradient
from tvnet_keras.ops.frame_pairs import split_pairs
from tvnet_keras.ops.intensity import smooth, to_255, to_grey
from tvnet_keras.typing import Tensor

STRUCTURE_SIGMA = 4.0
"""Standard deviation, in pixels, of the Gaussian whose smoothed frame counts as structure."""

STRUCTURE_SIZE = 25
"""Number of its weights in a row or column: three standard deviations to either side."""


def smooth_pairs(clip: Tensor, value_range: tuple[float, float]) -> tuple[Tensor, Tensor]:
    """The first and the second frames of all pairs of neighbours, grey and smoothed. Every frame is smoothed once.

    Args:
        clip: `[B, T, H, W, C]`, C = 1 or 3 (R, G, B); integers 0..255 or floats within `value_range`.
        value_range: `(low, high)` that float frames span.

    Returns:
        Frames 0 ... T - 2 and frames 1 ... T - 1, each `[B, T - 1, H, W]`, float32 in 0..255.
    """
    batch, time, height, width = ops.shape(clip)[:4]
    grey = _smooth_grey(clip.shape[-1])(to_255(clip, value_range))
    return split_pairs(ops.reshape(grey, (batch, time, height, width)))


@functools.cache
def _smooth_grey(channels: int) -> Callable:
    # Built at the first use: only then is the backend's compiler loaded. One for each number of channels, which has to
    # be known.
    return compile_with_gradient(lambda clip: smooth(ops.reshape(to_grey(clip), (-1, *ops.shape(clip)[2:4]))))


def without_structure(images: Tensor, share: float) -> Tensor:
    """Images less a share of their structure, which is what a wide Gaussian leaves of them.

    Slow changes of brightness in space go with the structure, so that frames of other light keep the same texture. In
    Wedel et al. 2009 structure is a minimiser of total variation (ROF) instead, and the rest is stretched over the
    range of grey values. Here it keeps its contrast: lambda weighs grey values, and a frame does not depend on others.

    Args:
        images: `[N, H, W]`, grey.
        share: of the structure that is taken away, 0 to 1.

    Returns:
        `[N, H, W]`, grey values around 0 where all of the structure is taken away.
    """
    return _texture(share)(images)


@functools.cache
def _texture(share: float) -> Callable:
    return compile_with_gradient(lambda images: images - share * smooth(images, STRUCTURE_SIZE, STRUCTURE_SIGMA))
