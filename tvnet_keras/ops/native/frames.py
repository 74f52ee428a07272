"""Grey and smoothing of `ops.intensity` as one pass over the frames on the CPU, compiled by numba."""

from typing import Any, cast

import numba
import numpy as np
import tensorflow as tf

from tvnet_keras.ops.intensity import GREY_WEIGHTS, gaussian_taps
from tvnet_keras.ops.native.forward import RANGE
from tvnet_keras.ops.native.kernel import jit, kernel
from tvnet_keras.ops.native.memory import borrow
from tvnet_keras.ops.native.threads import parallel, split

_FRAMES = [numba.types.Array(kind, 4, "C", readonly=True) for kind in (numba.uint8, numba.float32)]
_IMAGES = numba.types.Array(numba.float32, 3, "C")
_CONST_IMAGES = numba.types.Array(numba.float32, 3, "C", readonly=True)
_VECTOR = numba.types.Array(numba.float32, 1, "C")


def smooth_pairs(clip: tf.Tensor, value_range: tuple[float, float]) -> tuple[tf.Tensor, tf.Tensor]:
    """`ops.tvl1.frames.smooth_pairs` by fused CPU kernels; differentiable once where the clip holds floats.

    Args:
        clip: `[B, T, H, W, C]`, C = 1 or 3 (R, G, B); integers 0..255 or floats within `value_range`.
        value_range: `(low, high)` that float frames span.

    Returns:
        Frames 0 ... T - 2 and frames 1 ... T - 1, each `[B, T - 1, H, W]`, float32.
    """
    low, high = (0, 255) if clip.dtype.is_integer else value_range
    factor = 255.0 / (high - low)
    clip = clip if clip.dtype == tf.uint8 else tf.cast(clip, tf.float32)
    weights = np.array(GREY_WEIGHTS if clip.shape[-1] == 3 else (1.0,), np.float32)
    batch, time, *size, _ = clip.shape

    @tf.custom_gradient
    def pairs(clip):
        frames = tf.numpy_function(
            lambda clip: _forward(clip, low, factor, weights), [clip], [tf.float32] * 2, stateful=False
        )
        for frame in frames:
            frame.set_shape((batch, None if time is None else time - 1, *size))

        def gradient(first, second):
            bar = tf.numpy_function(
                lambda first, second: _backward(first, second, factor * weights),
                [first, second],
                tf.float32,
                stateful=False,
            )
            bar.set_shape(clip.shape)
            return bar

        return frames, gradient

    return cast(Any, pairs)(clip)  # TensorFlow's types do not tell that the gradient is gone.


def _forward(clip: np.ndarray, low: float, factor: float, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    frames = clip.reshape(-1, *clip.shape[2:])
    grey = borrow(clip.shape[:-1])
    flat = grey.reshape(frames.shape[:3])

    def run(images):
        _smooth(frames, np.float32(low), np.float32(factor), weights, gaussian_taps(), flat, images)

    parallel(run, [(part,) for part in split(len(frames))])
    return _copied(grey[:, :-1]), _copied(grey[:, 1:])


def _copied(frames: np.ndarray) -> np.ndarray:
    """The frames in memory of their own: TensorFlow may write into a tensor that nobody else has."""
    copy = borrow(frames.shape)
    copy[:] = frames
    return copy


def _backward(first: np.ndarray, second: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The gradient of the clip from the gradients of the first and the second frames of its pairs."""
    batch, pairs, *size = first.shape
    bar = borrow((batch, pairs + 1, *size))
    bar[:, :-1], bar[:, -1] = first, 0
    bar[:, 1:] += second
    images = bar.reshape(-1, *size)
    result = borrow((*images.shape, len(weights)))
    parallel(
        lambda part: _pull_back(images, weights, gaussian_taps(), result, part), [(p,) for p in split(len(images))]
    )
    return result.reshape(*bar.shape, len(weights))


@jit
def _grey_row(frame, y, low, factor, weights, row):
    if weights.size == 1:
        for x in range(row.size):
            row[x] = (np.float32(frame[y, x, 0]) - low) * factor
    else:
        red, green, blue = weights[0], weights[1], weights[2]
        for x in range(row.size):
            first = (np.float32(frame[y, x, 0]) - low) * factor
            second = (np.float32(frame[y, x, 1]) - low) * factor
            third = (np.float32(frame[y, x, 2]) - low) * factor
            row[x] = red * first + green * second + blue * third


@jit
def _add(row, weight, other):
    for x in range(row.size):
        row[x] += weight * other[x]


@jit
def _weighted(padded, taps, row):
    for x in range(row.size):
        row[x] = taps[0] * padded[x]
    for k in range(1, taps.size):
        _add(row, taps[k], padded[k : k + row.size])


@kernel(*((kind, numba.float32, numba.float32, _VECTOR, _VECTOR, _IMAGES, RANGE) for kind in _FRAMES))
def _smooth(frames, low, factor, weights, taps, result, images):
    height, width = result.shape[1:]
    radius = taps.size // 2
    padded, across = np.empty(width + 2 * radius, np.float32), np.empty((height, width), np.float32)
    for image in range(images[0], images[1]):
        for y in range(height):
            _grey_row(frames[image], y, low, factor, weights, padded[radius : radius + width])
            padded[:radius] = padded[radius]
            padded[radius + width :] = padded[radius + width - 1]
            _weighted(padded, taps, across[y])
        for y in range(height):
            row = result[image, y]
            row[:] = taps[0] * across[max(y - radius, 0)]
            for k in range(1, taps.size):
                _add(row, taps[k], across[min(max(y + k - radius, 0), height - 1)])


@kernel((_CONST_IMAGES, _VECTOR, _VECTOR, numba.types.Array(numba.float32, 4, "C"), RANGE))
def _pull_back(bar, weights, taps, result, images):
    height, width = bar.shape[1:]
    radius = taps.size // 2
    padded, across = np.empty(width + 2 * radius, np.float32), np.empty((height, width), np.float32)
    for image in range(images[0], images[1]):
        across[:] = 0
        for y in range(height):
            for k in range(taps.size):
                _add(across[min(max(y + k - radius, 0), height - 1)], taps[k], bar[image, y])
        for y in range(height):
            padded[:] = 0
            for k in range(taps.size):
                _add(padded[k : k + width], taps[k], across[y])
            # The border pixels were read in place of those beyond them.
            padded[radius] += padded[:radius].sum()
            padded[radius + width - 1] += padded[radius + width :].sum()
            for x in range(width):
                for channel in range(weights.size):
                    result[image, y, x, channel] = weights[channel] * padded[radius + x]
