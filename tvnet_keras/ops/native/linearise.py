"""The data term at a given flow (`ops.tvl1.level.linearise`) as one pass over the pixels, compiled by numba."""

import numba
import numpy as np

from tvnet_keras.ops.native.forward import CONST_FIELDS, FIELDS, RANGE
from tvnet_keras.ops.native.kernel import jit, kernel
from tvnet_keras.ops.native.memory import borrow
from tvnet_keras.ops.native.threads import bands, parallel, shares

_CONST_IMAGES = numba.types.Array(numba.float32, 3, "C", readonly=True)
_IMAGES = numba.types.Array(numba.float32, 3, "C")
HALF, ONE, ZERO = np.float32(0.5), np.float32(1), np.float32(0)


def linearise(first: np.ndarray, second: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """rho_c, gx and gy of `ops.tvl1.formulae.data_term` for the second frame warped by `flow`.

    Args:
        first: `[N, H, W]`, grey.
        second: `[N, H, W]`, grey.
        flow: `[N, H, W, 2]`, pixels.

    Returns:
        `[3, N, H, W]`, float32.
    """
    data = borrow((3, *first.shape))
    parallel(lambda images, rows: _linearise(first, second, flow, data, images, rows), shares(*first.shape[:2]))
    return data


def pull_back(first: np.ndarray, second: np.ndarray, flow: np.ndarray, bar_data: np.ndarray) -> list[np.ndarray]:
    """Gradients with respect to the three arguments of `linearise`.

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


@kernel((_CONST_IMAGES, _CONST_IMAGES, CONST_FIELDS, FIELDS, RANGE, RANGE))
def _linearise(first, second, flow, data, images, rows):
    height, width = first.shape[1:]
    for image in range(images[0], images[1]):
        target = second[image]
        for y in range(rows[0], rows[1]):
            for x in range(width):
                u, v = flow[image, y, x, 0], flow[image, y, x, 1]
                x0, x1, wx, _ = _corners(np.float32(x) + u, width)
                y0, y1, wy, _ = _corners(np.float32(y) + v, height)
                a, b = _sample(target, y0, x0), _sample(target, y0, x1)
                c, d = _sample(target, y1, x0), _sample(target, y1, x1)
                gx, gy = _mix(a[1], b[1], c[1], d[1], wx, wy), _mix(a[2], b[2], c[2], d[2], wx, wy)
                warped = _mix(a[0], b[0], c[0], d[0], wx, wy)
                data[0, image, y, x] = warped - gx * u - gy * v - first[image, y, x]
                data[1, image, y, x], data[2, image, y, x] = gx, gy


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


@kernel((_CONST_IMAGES, CONST_FIELDS, CONST_FIELDS, _IMAGES, _IMAGES, FIELDS, RANGE, RANGE))
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
