"""TV-L1 iterations (`ops.tvl1.formulae.iteration`) as one pass over the image rows, compiled by numba.

A band of rows is packed as `[rows, fields, columns]`, so that everything one row needs lies side by side. Column
`FIRST` is the image's first; the columns before and after it are padding, which spares the loops their border cases.
Loop counters are unsigned: signed ones make numba test every index for Python's negative indexing, and LLVM then
no longer vectorises. Constants are float32, because one Python float would turn a whole expression into float64.
"""

import numba
import numpy as np

from tvnet_keras.ops.native.kernel import jit, kernel, row_jit

EPSILON = np.float32(1e-12)  # `tvl1.formulae.EPSILON`
ZERO, ONE = np.float32(0), np.float32(1)
STEP = np.uint64(1)
ORIGIN, FIRST = np.uint64(0), np.uint64(16)
LANES = 16
"""Floats in a cache line, which are computed together."""
CACHE_FLOATS = 2**17
"""Floats that a sweep may hold: half a second-level cache of 1 MiB."""

# Entry points have one signature each, so that they are compiled once and for all: inputs may be read-only.
FIELDS = numba.types.Array(numba.float32, 4, "C")
FIELDS_TABLE = numba.types.Array(numba.float32, 5, "C")
CONST_FIELDS = numba.types.Array(numba.float32, 4, "C", readonly=True)
CONST_TABLE = numba.types.Array(numba.float32, 5, "C", readonly=True)
CONST_TAPS = numba.types.Array(numba.float32, 4, "C", readonly=True)
CONST_VECTOR = numba.types.Array(numba.float32, 1, "C", readonly=True)
WORKSPACE = numba.types.Array(numba.float32, 1, "C")
RANGE = numba.types.UniTuple(numba.int64, 2)


@jit
def row_length(width):
    """Floats in a packed row: an odd number of cache lines, else the fields of a row evict one another."""
    return LANES * (((width + 2 * LANES) // LANES + 1) | 1)


@jit
def row_end(width):
    """The column after the last one computed: whole vectors, so that no remainder is done pixel by pixel."""
    return FIRST + np.uint64(LANES * ((width + LANES - 1) // LANES))


@jit
def not_last_column(width):
    """1 where a pixel has a right neighbour, else 0: the forward difference ends there. `[columns]`."""
    mask = np.zeros(row_length(width), np.float32)
    for x in range(FIRST, FIRST + np.uint64(width - 1)):
        mask[x] = ONE
    return mask


@kernel((numba.int64, numba.int64))
def advance_floats(rows, width):
    """Size of the workspace of `advance` for a band of `rows`, widened: two states and the packed data term."""
    return rows * row_length(width) * 16


@jit
def carve(workspace, offset, rows, fields, width):
    """A `[rows, fields, columns]` view of the workspace and the offset behind it; its content is arbitrary."""
    end = offset + rows * fields * row_length(width)
    return workspace[offset:end].reshape((rows, fields, row_length(width))), end


@jit
def carve_states(workspace, slots, rows, width):
    """A `[slots, rows, 6, columns]` view at the start of the workspace and the offset behind it."""
    end = slots * rows * 6 * row_length(width)
    return workspace[:end].reshape((slots, rows, 6, row_length(width))), end


@jit
def cut_from(start, stop, height):
    """(top, bottom): 1 where a border of rows `start ... stop` is not one of the image, else 0."""
    return (1 if start > 0 else 0, 1 if stop < height else 0)


@jit
def clear_margins(states, end):
    """Zeroes the columns beside the computed ones, which the differences of the border pixels read."""
    for slot in range(states.shape[0]):
        for y in range(states.shape[1]):
            for field in range(states.shape[2]):
                states[slot, y, field, FIRST - STEP] = ZERO
                states[slot, y, field, end] = ZERO


@jit
def pack_row(source, image, y, packed):
    """Copies row y of `source [F, N, H, W]` into `packed [F, columns]`, zero in the padding."""
    stop = FIRST + np.uint64(source.shape[3])
    for field in range(source.shape[0]):
        for x in range(ORIGIN, FIRST):
            packed[field, x] = ZERO
        for x in range(FIRST, stop):
            packed[field, x] = source[field, image, y, x - FIRST]
        for x in range(stop, np.uint64(packed.shape[1])):
            packed[field, x] = ZERO


@jit
def pack(source, image, start, packed):
    """Copies rows `start ...` of `source [F, N, H, W]` into `packed [rows, F, columns]`, zero in the padding."""
    for y in range(packed.shape[0]):
        pack_row(source, image, start + y, packed[y])


@jit
def pack_state(state, image, start, packed):
    """`pack` for the six fields of a state; fields at the end that `state` lacks become zero."""
    pack(state, image, start, packed)
    packed[:, state.shape[0] :] = ZERO


@jit
def unpack(packed, offset, target, image, start, stop):
    """Copies rows of `packed`, from `offset` on, into rows `start ... stop` of `target [F, N, H, W]`."""
    for y in range(stop - start):
        for field in range(target.shape[0]):
            for x in range(ORIGIN, np.uint64(target.shape[3])):
                target[field, image, start + y, x] = packed[offset + y, field, x + FIRST]


@jit
def pack_data(data, image, start, packed):
    """Packs rho_c, gx, gy and, as a fourth field, 1 / (gx^2 + gy^2 + epsilon)."""
    pack(data, image, start, packed)
    for y in range(packed.shape[0]):
        for x in range(FIRST, row_end(data.shape[3])):
            gx, gy = packed[y, 1, x], packed[y, 2, x]
            packed[y, 3, x] = ONE / (gx * gx + gy * gy + EPSILON)


@jit
def taps_of(taps, image):
    """The kernels `[I, 8, 2]` of an image, whose group is the image's number modulo the number of groups."""
    group = image % taps.shape[1]
    own = np.empty((taps.shape[0], 8, 2), np.float32)
    for k in range(taps.shape[0]):
        for number in range(8):
            own[k, number, 0], own[k, number, 1] = taps[k, group, number, 0], taps[k, group, number, 1]
    return own


@row_jit
def flow_row(states, u1_out, u2_out, old, new, data, y, end, taps, k, theta, limit):
    """The threshold step and the divergence on row y: u of slot `new` from slot `old`. `u?_out` are `states` too."""
    here, a = y % states.shape[1], max(y - 1, 0) % states.shape[1]
    above = theta if y > 0 else ZERO
    a0, a1, b0, b1 = theta * taps[k, 0, 0], theta * taps[k, 0, 1], above * taps[k, 1, 0], theta * taps[k, 1, 1]
    c0, c1, d0, d1 = theta * taps[k, 2, 0], theta * taps[k, 2, 1], above * taps[k, 3, 0], theta * taps[k, 3, 1]
    for x in range(FIRST, end):
        gx, gy, u1, u2 = data[y, 1, x], data[y, 2, x], states[old, here, 0, x], states[old, here, 1, x]
        ratio = (data[y, 0, x] + gx * u1 + gy * u2) * data[y, 3, x]
        step = limit if ratio > limit else (-limit if ratio < -limit else ratio)
        div1 = a0 * states[old, here, 2, x - STEP] + a1 * states[old, here, 2, x]
        div2 = c0 * states[old, here, 4, x - STEP] + c1 * states[old, here, 4, x]
        u1_out[new, here, 0, x] = u1 - step * gx + div1 + b0 * states[old, a, 3, x] + b1 * states[old, here, 3, x]
        u2_out[new, here, 1, x] = u2 - step * gy + div2 + d0 * states[old, a, 5, x] + d1 * states[old, here, 5, x]


@row_jit
def dual_row(states, p11_out, p12_out, p21_out, p22_out, old, new, mask, y, rows, end, taps, k, rate):
    """The dual step on row y: p of slot `new`. One division serves both components. `p??_out` are `states` too."""
    here, b = y % states.shape[1], min(y + 1, rows - 1) % states.shape[1]
    below = ONE if y + 1 < rows else ZERO
    a0, a1, b0, b1 = taps[k, 4, 0], taps[k, 4, 1], below * taps[k, 5, 0], below * taps[k, 5, 1]
    c0, c1, d0, d1 = taps[k, 6, 0], taps[k, 6, 1], below * taps[k, 7, 0], below * taps[k, 7, 1]
    for x in range(FIRST, end):
        ux = mask[x] * (a0 * states[new, here, 0, x] + a1 * states[new, here, 0, x + STEP])
        uy = b0 * states[new, here, 0, x] + b1 * states[new, b, 0, x]
        vx = mask[x] * (c0 * states[new, here, 1, x] + c1 * states[new, here, 1, x + STEP])
        vy = d0 * states[new, here, 1, x] + d1 * states[new, b, 1, x]
        first = ONE + rate * np.sqrt(ux * ux + uy * uy + EPSILON)
        second = ONE + rate * np.sqrt(vx * vx + vy * vy + EPSILON)
        inverse = ONE / (first * second)
        over_first, over_second = second * inverse, first * inverse
        p11_out[new, here, 2, x] = (states[old, here, 2, x] + rate * ux) * over_first
        p12_out[new, here, 3, x] = (states[old, here, 3, x] + rate * uy) * over_first
        p21_out[new, here, 4, x] = (states[old, here, 4, x] + rate * vx) * over_second
        p22_out[new, here, 5, x] = (states[old, here, 5, x] + rate * vy) * over_second


@jit
def sweep_rows(states, data, mask, end, taps, sweep, first, last, constants, false_borders):
    """Step `sweep` of `iterate`: of iteration k, row y = sweep - 2 * (k - first) of u and row y - 1 of p.

    The loop over iterations is in here because a call costs as much as the work on a hundred pixels.
    """
    theta, limit, rate = constants[2], constants[1] * constants[2], constants[0] / constants[2]
    slots, rows = states.shape[0], data.shape[0]
    for k in range(first, last):
        y = sweep - 2 * (k - first)
        top, bottom = k * false_borders[0], rows - k * false_borders[1]
        old, new = k % slots, (k + 1) % slots
        if top <= y < bottom:
            flow_row(states, states, states, old, new, data, y, end, taps, k, theta, limit)
        if top < y <= bottom:
            dual_row(states, states, states, states, states, old, new, mask, y - 1, rows, end, taps, k, rate)


@jit
def iterate(states, data, mask, end, taps, first, last, constants, false_borders):
    """Runs iterations `first ... last - 1` on a packed band, skewed in time.

    Iteration k works two rows behind iteration k - 1 in the same sweep, so that a row is still in the cache when the
    next iteration needs it.

    Args:
        states: `[slots, rows, 6, columns]`; iteration k reads slot k modulo slots and writes the next slot. Two slots
            are enough. (In place, LLVM could not prove that the loops may be vectorised.)
        data: the data term of `pack_data`, `[rows, 4, columns]`.
        mask: the mask of `not_last_column`.
        end: the column of `row_end`.
        taps: the kernels, `[I, 8, 2]`.
        first: number of the first iteration.
        last: number of the iteration after the last one.
        constants: tau, lambda, theta.
        false_borders: (top, bottom), 1 where the band was cut out of an image, else 0. Rows that are wrong because of a
            false border (one more with every iteration) are left out.
    """
    for sweep in range(data.shape[0] + 2 * (last - first) - 1):
        sweep_rows(states, data, mask, end, taps, sweep, first, last, constants, false_borders)


@kernel(
    (
        *(CONST_FIELDS, CONST_FIELDS, CONST_TAPS, CONST_VECTOR, FIELDS),
        *(FIELDS_TABLE, numba.int64, numba.int64, RANGE, RANGE, WORKSPACE),
    )
)
def advance(state, data, taps, constants, result, kept, every, done, images, rows, workspace):
    """Runs iterations on some images and rows of a batch.

    A band is solved as if it were an image of its own. What is wrong at its false borders travels one row per
    iteration, so the band is widened by as many rows as there are iterations and only `rows` are written.

    Args:
        state: `[6, N, H, W]`, or `[2, N, H, W]` where the dual variables are zero.
        data: the data term, `[3, N, H, W]`.
        taps: the kernels of the iterations to run, `[I, G, 8, 2]`.
        constants: tau, lambda, theta.
        result: `[6, N, H, W]`, another array than `state`; `images` and `rows` of it are written.
        kept: `[S, 6, N, H, W]`; place s receives the state before iteration `s * every`. S = 0 keeps no state.
        every: iterations between two kept states.
        done: iterations that earlier calls ran, a multiple of `every` where states are kept.
        images: `(first, last + 1)` image.
        rows: `(first, last + 1)` row.
        workspace: float32, of at least `advance_floats` of the widened band.
    """
    height, width = state.shape[2:]
    iterations = taps.shape[0]
    start, stop = max(0, rows[0] - iterations), min(height, rows[1] + iterations)
    states, offset = carve_states(workspace, 2, stop - start, width)
    packed_data, offset = carve(workspace, offset, stop - start, 4, width)
    mask, end, false_borders = not_last_column(width), row_end(width), cut_from(start, stop, height)
    clear_margins(states, end)
    # The skewed sweep holds two rows of 16 fields per iteration: half a second-level cache of 1 MiB at most.
    block = max(1, CACHE_FLOATS // (32 * row_length(width)))
    if kept.shape[0]:
        block = min(block, every)
    for image in range(images[0], images[1]):
        own_taps = taps_of(taps, image)
        pack_state(state, image, start, states[0])
        pack_data(data, image, start, packed_data)
        k = 0
        while k < iterations:
            last = min(k + block, iterations)
            if kept.shape[0]:
                if k % every == 0:
                    place = kept[(done + k) // every]
                    unpack(states[k % 2], rows[0] - start, place, image, rows[0], rows[1])
                last = min(last, (k // every + 1) * every)
            iterate(states, packed_data, mask, end, own_taps, k, last, constants, false_borders)
            k = last
        unpack(states[iterations % 2], rows[0] - start, result, image, rows[0], rows[1])
