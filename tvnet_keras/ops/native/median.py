"""The median filter of `ops.median` on CPUs: OpenCV's, with a gradient compiled by numba."""

import cv2
import numba
import numpy as np

from tvnet_keras.ops.native.forward import CONST_FIELDS, FIELDS, RANGE
from tvnet_keras.ops.native.kernel import jit, kernel
from tvnet_keras.ops.native.memory import borrow
from tvnet_keras.ops.native.threads import parallel, shares, split

COMPONENTS = 2
"""Fields at the beginning of a state that are filtered: those of the flow."""


def filter_flow(state: np.ndarray, size: int) -> np.ndarray:
    """A state with filtered flow, in memory of its own.

    Args:
        state: `[F, N, H, W]`: the flow (u1, u2) and, where F is 6, the dual variables.
        size: side of the window, 3 or 5.

    Returns:
        `[F, N, H, W]`, float32.
    """
    result = borrow(state.shape)

    def run(images, rows):
        result[COMPONENTS:, slice(*images), slice(*rows)] = state[COMPONENTS:, slice(*images), slice(*rows)]
        for image in range(*images):
            for field in range(COMPONENTS):
                _filter(state[field, image], size, rows, result[field, image])

    parallel(run, shares(*state.shape[1:3]))
    return result


def pull_back(state: np.ndarray, bar_state: np.ndarray, size: int) -> None:
    """Turns the gradient of the filtered flow into that of the flow, in place.

    Args:
        state: as in `filter_flow`.
        bar_state: the gradient of the filtered state, `[F, N, H, W]`, or of its flow alone, `[2, N, H, W]`.
        size: as in `filter_flow`.
    """
    flow = state[:COMPONENTS]
    fields = flow.reshape(1, -1, *flow.shape[2:])
    filtered, bar = filter_flow(flow, size).reshape(fields.shape), borrow(fields.shape)
    upstream = bar_state[:COMPONENTS].reshape(fields.shape)
    # Windows of two bands share pixels, so that a field is not cut.
    work = [(part,) for part in split(fields.shape[1])]
    parallel(lambda part: _pull_back(fields, filtered, upstream, size, bar, part), work)
    bar_state[:COMPONENTS] = bar.reshape(flow.shape)


def _filter(field: np.ndarray, size: int, rows: tuple[int, int], result: np.ndarray) -> None:
    """Writes rows of the filtered field."""
    first, last = max(rows[0] - size // 2, 0), min(rows[1] + size // 2, len(field))
    filtered = cv2.medianBlur(field[first:last], size)[rows[0] - first : rows[1] - first]
    own = field[slice(*rows)]
    # OpenCV leaves open what becomes of a pixel that is not a number.
    result[slice(*rows)] = np.where(np.isnan(own), own, filtered) if np.isnan(own.sum()) else filtered


@jit
def _find(window, medians, place, chosen):
    for x in range(medians.size):
        chosen[x] = place if window[x] == medians[x] else chosen[x]


@jit
def _fold_back(padded, radius, result):
    height, width = result.shape
    result[:] = np.float32(0)
    for y in range(padded.shape[0]):
        row = result[min(max(y - radius, 0), height - 1)]
        for x in range(width):
            row[x] += padded[y, radius + x]
        row[0] += padded[y, :radius].sum()
        row[width - 1] += padded[y, radius + width :].sum()


@kernel((CONST_FIELDS, CONST_FIELDS, CONST_FIELDS, numba.int64, FIELDS, RANGE))
def _pull_back(fields, filtered, upstream, size, bar, part):
    height, width = fields.shape[2:]
    radius = size // 2
    stride = width + 2 * radius
    line, chosen = np.empty(stride, np.float32), np.empty(width, np.uint32)
    padded = np.empty((height + 2 * radius, stride), np.float32)
    places = padded.reshape(-1)
    for number in range(part[0], part[1]):
        places[:] = np.float32(0)
        for y in range(height):
            # Where no pixel of the window is the median, it is none itself.
            chosen[:] = np.uint32(radius * stride + radius)
            # From the last one, so that the first of equal ones is left.
            for row in range(size - 1, -1, -1):
                source = fields[0, number, min(max(y + row - radius, 0), height - 1)]
                line[:radius], line[radius + width :] = source[0], source[width - 1]
                line[radius : radius + width] = source
                for column in range(size - 1, -1, -1):
                    place = np.uint32(row * stride + column)
                    _find(line[column : column + width], filtered[0, number, y], place, chosen)
            for x in range(width):
                places[np.uint64(y * stride + x) + np.uint64(chosen[x])] += upstream[0, number, y, x]
        _fold_back(padded, radius, bar[0, number])
