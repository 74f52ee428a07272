"""Bilinear resizing on an align-corners grid (`ops.resize`) in one pass over the rows, compiled by numba."""

from typing import Any, cast

import numba
import numpy as np
import tensorflow as tf

from tvnet_keras.ops.native.forward import CONST_FIELDS, CONST_VECTOR, FIELDS, ONE, ORIGIN, RANGE, ZERO
from tvnet_keras.ops.native.kernel import jit, kernel
from tvnet_keras.ops.native.memory import borrow
from tvnet_keras.ops.native.threads import parallel, shares, split
from tvnet_keras.typing import Dimension

_PLACES = numba.types.Array(numba.int64, 1, "C", readonly=True)


def resize_align_corners_bilinear(images: tf.Tensor, height: Dimension, width: Dimension) -> tf.Tensor:
    """`ops.resize.resize_align_corners_bilinear` by a fused CPU kernel; differentiable once, in the images.

    Args:
        images: `[N, H, W, C]`, float32.
        height: new height in pixels, int or scalar tensor.
        width: new width in pixels, int or scalar tensor.

    Returns:
        `[N, height, width, C]`; `images` itself if its static size is already that.
    """
    count, *size, channels = images.shape
    known = [side if isinstance(side, int) else None for side in (height, width)]
    if None not in known and size == known:
        return images

    @tf.custom_gradient
    def run(images):
        result = tf.numpy_function(_forward, [images, height, width], tf.float32, stateful=False)
        result.set_shape((count, *known, channels))
        old = tf.shape(images)

        def gradient(upstream):
            bar = tf.numpy_function(_backward, [upstream, old], tf.float32, stateful=False)
            bar.set_shape(images.shape)
            return bar

        return result, gradient

    return cast(Any, run)(images)  # TensorFlow's types do not tell that the gradient is gone.


def _forward(images: np.ndarray, height: int, width: int) -> np.ndarray:
    count, *old, channels = images.shape
    result = borrow((count, int(height), int(width), channels))
    tables = *_neighbours(old[0], int(height)), *_neighbours(old[1], int(width))
    parallel(lambda numbers, rows: _resize(images, *tables, result, numbers, rows), shares(count, int(height)))
    return result


def _backward(upstream: np.ndarray, shape: np.ndarray) -> np.ndarray:
    bar = borrow(tuple(int(side) for side in shape))
    tables = *_neighbours(bar.shape[1], upstream.shape[1]), *_neighbours(bar.shape[2], upstream.shape[2])
    parallel(lambda numbers: _pull_back(upstream, *tables, bar, numbers), [(part,) for part in split(len(bar))])
    return bar


def _neighbours(old: int, new: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Numbers of the samples before and after every new one, and the weight of the second."""
    ratio = np.float32(old - 1) / np.float32(max(new - 1, 1))
    position = np.arange(new, dtype="float32") * ratio
    before = np.minimum(np.floor(position), np.float32(old - 1))
    lower = before.astype("int64")
    return lower, np.minimum(lower + 1, old - 1), position - before


@kernel((CONST_FIELDS, _PLACES, _PLACES, CONST_VECTOR, _PLACES, _PLACES, CONST_VECTOR, FIELDS, RANGE, RANGE))
def _resize(images, tops, bottoms, low, lefts, rights, near, result, numbers, rows):
    width, channels = np.uint64(images.shape[2]), np.uint64(images.shape[3])
    line = np.empty((images.shape[2], images.shape[3]), np.float32)
    for number in range(numbers[0], numbers[1]):
        for y in range(rows[0], rows[1]):
            top, bottom, weight = tops[y], bottoms[y], low[y]
            for x in range(ORIGIN, width):
                for c in range(ORIGIN, channels):
                    above = images[number, top, x, c]
                    line[x, c] = above + weight * (images[number, bottom, x, c] - above)
            for x in range(ORIGIN, np.uint64(near.size)):
                left, right = np.uint64(lefts[x]), np.uint64(rights[x])
                for c in range(ORIGIN, channels):
                    result[number, y, x, c] = line[left, c] + near[x] * (line[right, c] - line[left, c])


@jit
def _add_row(bar, number, y, weight, line):
    for x in range(ORIGIN, np.uint64(line.shape[0])):
        for c in range(ORIGIN, np.uint64(line.shape[1])):
            bar[number, y, x, c] += weight * line[x, c]


@kernel((CONST_FIELDS, _PLACES, _PLACES, CONST_VECTOR, _PLACES, _PLACES, CONST_VECTOR, FIELDS, RANGE))
def _pull_back(upstream, tops, bottoms, low, lefts, rights, near, bar, numbers):
    line = np.empty((bar.shape[2], bar.shape[3]), np.float32)
    for number in range(numbers[0], numbers[1]):
        bar[number] = ZERO
        for y in range(low.size):
            line[:] = ZERO
            for x in range(ORIGIN, np.uint64(near.size)):
                left, right = np.uint64(lefts[x]), np.uint64(rights[x])
                for c in range(ORIGIN, np.uint64(line.shape[1])):
                    value = upstream[number, y, x, c]
                    line[left, c] += (ONE - near[x]) * value
                    line[right, c] += near[x] * value
            _add_row(bar, number, tops[y], ONE - low[y], line)
            _add_row(bar, number, bottoms[y], low[y], line)
