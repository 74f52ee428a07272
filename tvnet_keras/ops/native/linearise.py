"""The data term at a given flow (`ops.tvl1.level.linearise`) as one pass over the pixels, compiled by numba."""

import numba
import numpy as np

from tvnet_keras.ops.native.forward import (
    CONST_FIELDS,
    CONST_IMAGES,
    FIELDS,
    FIRST,
    ONE,
    ORIGIN,
    RANGE,
    STEP,
    ZERO,
    normalise_row,
    row_end,
    unpack,
)
from tvnet_keras.ops.native.kernel import jit, kernel, row_jit
from tvnet_keras.ops.native.memory import borrow
from tvnet_keras.ops.native.threads import bands, parallel, shares

_IMAGES = numba.types.Array(numba.float32, 3, "C")
_VECTORS = numba.types.Array(numba.float32, 2, "C")
HALF = np.float32(0.5)
CHANNELS = 3
"""Floats of a pixel in `sampled`: what one sample needs lies in one cache line, rarely two."""


def sampled(images: np.ndarray) -> np.ndarray:
    """Grey value and central differences of every pixel, side by side, as `linearise` reads them.

    Args:
        images: `[N, H, W]`, grey.

    Returns:
        `[N, H * W * CHANNELS]`, float32: the image, and its differences along x and y.
    """
    count, height, width = images.shape
    samples = borrow((count, height * width * CHANNELS))
    parallel(lambda numbers, rows: _interleave(images, samples, numbers, rows), shares(count, height))
    return samples


def pull_back(first: np.ndarray, second: np.ndarray, flow: np.ndarray, bar_data: np.ndarray) -> list[np.ndarray]:
    """Gradients of the data term (`linearise_row`, for whole images) with respect to the frames and the flow.

    Args:
        first: `[N, H, W]`, grey.
        second: `[N, H, W]`, grey.
        flow: `[N, H, W, 2]`, pixels.
        bar_data: gradient of the data term, `[3, N, H, W]`.

    Returns:
        The gradients of first, second and flow.
    """
    bar_first, bar_flow = borrow(first.shape), borrow(flow.shape)
    # Pixels of different bands may come from the same place in the second frame: every band adds to a copy of its own.
    copies = {rows: borrow(second.shape) for rows in bands(*second.shape[:2])}

    def run(images, rows):
        _pull_back(second, flow, bar_data, bar_first, copies[rows], bar_flow, images, rows)

    parallel(run, shares(*first.shape[:2]))
    bar_second, *others = copies.values()
    for other in others:
        bar_second += other
    return [bar_first, bar_second, bar_flow]


@jit
def _corners(position, length):
    """Both neighbours of a position clamped to the image, the weight of the second, and 1 if it was inside, else 0."""
    limit = np.float32(length - 1)
    inside = ONE if (position >= ZERO and position <= limit) else ZERO
    # Comparisons with NaN are false: NaN is clamped to 0, and the flow makes the data term NaN.
    clamped = (position if position < limit else limit) if position > ZERO else ZERO
    lower = np.int64(clamped)
    return lower, min(lower + 1, length - 1), clamped - np.float32(lower), inside


@jit
def _sample(image, y, x):
    """Grey value and central differences of a pixel (`ops.gradients.central_gradient`)."""
    gx = HALF * (image[y, min(x + 1, image.shape[1] - 1)] - image[y, max(x - 1, 0)])
    gy = HALF * (image[min(y + 1, image.shape[0] - 1), x] - image[max(y - 1, 0), x])
    return image[y, x], gx, gy


@jit
def _mix(a, b, c, d, wx, wy):
    return (ONE - wy) * ((ONE - wx) * a + wx * b) + wy * ((ONE - wx) * c + wx * d)


@kernel((CONST_IMAGES, _VECTORS, RANGE, RANGE))
def _interleave(images, samples, numbers, rows):
    height, width = images.shape[1:]
    for number in range(numbers[0], numbers[1]):
        for y in range(rows[0], rows[1]):
            above, below = max(y - 1, 0), min(y + 1, height - 1)
            for x in range(width):
                at, before, after = CHANNELS * (y * width + x), max(x - 1, 0), min(x + 1, width - 1)
                samples[number, at] = images[number, y, x]
                samples[number, at + 1] = HALF * (images[number, y, after] - images[number, y, before])
                samples[number, at + 2] = HALF * (images[number, below, x] - images[number, above, x])


@jit
def _place(position, limit, last):
    """The pixel before a position, which has one after it, and the weight of that one; as `_corners` has them."""
    clamped = (position if position < limit else limit) if position > ZERO else ZERO
    before = min(np.int32(clamped), last)
    return before, clamped - np.float32(before)


@row_jit
def _place_row(states, slot, y, row, height, width, places, across, down):
    """Where the flow on a row of a band leads: place in the samples, and the weights of the right and lower neighbours.

    The row is y of the band and `row` of the image.
    """
    right, bottom = np.float32(width - 1), np.float32(height - 1)
    last_x, last_y = np.int32(max(width - 2, 0)), np.int32(max(height - 2, 0))
    for x in range(ORIGIN, np.uint64(width)):
        x0, across[x] = _place(np.float32(x) + states[slot, y, 0, x + FIRST], right, last_x)
        y0, down[x] = _place(np.float32(row) + states[slot, y, 1, x + FIRST], bottom, last_y)
        places[x] = CHANNELS * (y0 * width + x0)


@row_jit
def _sample_row(samples, image, places, across, down, to_right, to_below, grey, gx, gy):
    """Bilinear samples at the places of `_place_row`, up to a negative one.

    LLVM would gather sixteen pixels at a time if it knew how many there are, and take twice as long.
    """
    x = ORIGIN
    while places[x] >= 0:
        a = np.uint64(places[x])
        b, c, d = a + to_right, a + to_below, a + to_right + to_below
        wx, wy = across[x], down[x]
        grey[x] = _mix(samples[image, a], samples[image, b], samples[image, c], samples[image, d], wx, wy)
        a, b, c, d = a + STEP, b + STEP, c + STEP, d + STEP
        gx[x] = _mix(samples[image, a], samples[image, b], samples[image, c], samples[image, d], wx, wy)
        a, b, c, d = a + STEP, b + STEP, c + STEP, d + STEP
        gy[x] = _mix(samples[image, a], samples[image, b], samples[image, c], samples[image, d], wx, wy)
        x += STEP


@row_jit
def _data_row(first, image, row, states, slot, y, grey, gx, gy, end, packed):
    stop = FIRST + np.uint64(grey.size)
    for x in range(FIRST, stop):
        u, v = states[slot, y, 0, x], states[slot, y, 1, x]
        along_x, along_y = gx[x - FIRST], gy[x - FIRST]
        packed[y, 0, x] = grey[x - FIRST] - along_x * u - along_y * v - first[image, row, x - FIRST]
        packed[y, 1, x], packed[y, 2, x] = along_x, along_y
    for x in range(stop, end):
        packed[y, 0, x], packed[y, 1, x], packed[y, 2, x] = ZERO, ZERO, ZERO


@jit
def linearise(first, samples, image, start, states, packed, limit, data, rows):
    """Packs the data term of a band at the flow in `states`: `ops.tvl1.level.linearise`, normalised.

    Args:
        first: `[N, H, W]`, grey.
        samples: the second frames' `sampled`.
        image: number of the image, out of N.
        start: row of the image that is row 0 of the band.
        states: `[1, rows, 6, columns]`, whose first two fields are the flow in pixels.
        packed: `[rows, 4, columns]`; receives the fields of `normalise_row`, from gradients of zero beside the image.
        limit: lambda times theta.
        data: `[1, 3, N, H, W]`, receives the data term itself on `rows`; `[0, 3, N, H, W]` where nobody needs it.
        rows: `(first, last + 1)` row of the image.
    """
    height, width = first.shape[1:]
    end, places = row_end(width), np.empty(width + 1, np.int64)
    places[width] = -1
    across, down = np.empty(width, np.float32), np.empty(width, np.float32)
    grey, gx, gy = np.empty(width, np.float32), np.empty(width, np.float32), np.empty(width, np.float32)
    to_right = np.uint64(CHANNELS if width > 1 else 0)
    to_below = np.uint64(CHANNELS * width if height > 1 else 0)
    for y in range(packed.shape[0]):
        row = start + y
        _place_row(states, 0, y, row, height, width, places, across, down)
        _sample_row(samples, image, places, across, down, to_right, to_below, grey, gx, gy)
        _data_row(first, image, row, states, 0, y, grey, gx, gy, end, packed)
        if data.shape[0] and rows[0] <= row < rows[1]:
            unpack(packed, y, data[0], image, row, row + 1)
        normalise_row(packed, y, end, limit)


@jit
def _spread(bar, y, x, weight, value, gx, gy):
    """The adjoint of `_sample`, times `weight`."""
    height, width = bar.shape
    bar[y, x] += weight * value
    bar[y, min(x + 1, width - 1)] += HALF * weight * gx
    bar[y, max(x - 1, 0)] -= HALF * weight * gx
    bar[min(y + 1, height - 1), x] += HALF * weight * gy
    bar[max(y - 1, 0), x] -= HALF * weight * gy


@jit
def _dot(sample, value, gx, gy):
    return value * sample[0] + gx * sample[1] + gy * sample[2]


@kernel((CONST_IMAGES, CONST_FIELDS, CONST_FIELDS, _IMAGES, _IMAGES, FIELDS, RANGE, RANGE))
def _pull_back(second, flow, bar_data, bar_first, bar_second, bar_flow, images, rows):
    height, width = second.shape[1:]
    for image in range(images[0], images[1]):
        # The adjoint needs the positions and the samples of `_linearise` again; keeping them would cost more.
        target, bar_target = second[image], bar_second[image]
        bar_target[:] = 0
        for y in range(rows[0], rows[1]):
            for x in range(width):
                u, v = flow[image, y, x, 0], flow[image, y, x, 1]
                x0, x1, wx, inside_x = _corners(np.float32(x) + u, width)
                y0, y1, wy, inside_y = _corners(np.float32(y) + v, height)
                bar = bar_data[0, image, y, x]
                to_gx, to_gy = bar_data[1, image, y, x] - bar * u, bar_data[2, image, y, x] - bar * v
                sa, sb = _sample(target, y0, x0), _sample(target, y0, x1)
                sc, sd = _sample(target, y1, x0), _sample(target, y1, x1)
                gx, gy = _mix(sa[1], sb[1], sc[1], sd[1], wx, wy), _mix(sa[2], sb[2], sc[2], sd[2], wx, wy)
                a, b = _dot(sa, bar, to_gx, to_gy), _dot(sb, bar, to_gx, to_gy)
                c, d = _dot(sc, bar, to_gx, to_gy), _dot(sd, bar, to_gx, to_gy)
                bar_flow[image, y, x, 0] = inside_x * ((ONE - wy) * (b - a) + wy * (d - c)) - bar * gx
                bar_flow[image, y, x, 1] = inside_y * ((ONE - wx) * (c - a) + wx * (d - b)) - bar * gy
                bar_first[image, y, x] = -bar
                _spread(bar_target, y0, x0, (ONE - wy) * (ONE - wx), bar, to_gx, to_gy)
                _spread(bar_target, y0, x1, (ONE - wy) * wx, bar, to_gx, to_gy)
                _spread(bar_target, y1, x0, wy * (ONE - wx), bar, to_gx, to_gy)
                _spread(bar_target, y1, x1, wy * wx, bar, to_gx, to_gy)
