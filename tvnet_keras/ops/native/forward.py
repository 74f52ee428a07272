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
CACHE_FLOATS = 3 * 2**16
"""Floats that a sweep may hold: three quarters of a second-level cache of 1 MiB."""
ROWS_AT_ONCE = 4
"""Rows of an iteration before the turn of the next one."""

# Entry points have one signature each, so that they are compiled once and for all: inputs may be read-only.
FIELDS = numba.types.Array(numba.float32, 4, "C")
FIELDS_TABLE = numba.types.Array(numba.float32, 5, "C")
CONST_IMAGES = numba.types.Array(numba.float32, 3, "C", readonly=True)
CONST_ROWS = numba.types.Array(numba.float32, 2, "C", readonly=True)
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
    """Size of the workspace of `advance` for a band of `rows`, widened: a state and the packed data term."""
    return rows * row_length(width) * 10


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
def lend(packed, own, edges, image, rows, count):
    """Writes the first and last `count` own rows of a band, which its neighbours need."""
    first, last = min(rows[0] + count, rows[1]), max(rows[1] - count, rows[0])
    unpack(packed, own[0], edges, image, rows[0], first)
    unpack(packed, own[0] + last - rows[0], edges, image, last, rows[1])


@jit
def normalise_row(packed, y, end, limit):
    """Divides rho, gx and gy on row y by the length of the image gradient; the fourth field is limit times the length.

    The threshold step on these fields has one product less: there is no division by gx^2 + gy^2 left in it.
    """
    for x in range(FIRST, end):
        gx, gy = packed[y, 1, x], packed[y, 2, x]
        length = np.sqrt(gx * gx + gy * gy + EPSILON)
        inverse = ONE / length
        packed[y, 0, x], packed[y, 1, x], packed[y, 2, x] = packed[y, 0, x] * inverse, gx * inverse, gy * inverse
        packed[y, 3, x] = limit * length


@jit
def pack_data(data, image, start, limit, packed):
    """Packs the data term and normalises it (`normalise_row`)."""
    pack(data, image, start, packed)
    for y in range(packed.shape[0]):
        normalise_row(packed, y, row_end(data.shape[3]), limit)


@jit
def taps_of(taps, image):
    """The kernels `[I, 8, 2]` of an image, whose group is the image's number modulo the number of groups."""
    group = image % taps.shape[1]
    own = np.empty((taps.shape[0], 8, 2), np.float32)
    for k in range(taps.shape[0]):
        for number in range(8):
            own[k, number, 0], own[k, number, 1] = taps[k, group, number, 0], taps[k, group, number, 1]
    return own


@jit
def scaled(taps, constants):
    """The kernels `[I, 8, 2]` times the constants that every use of them is multiplied by: theta, or tau / theta."""
    theta, rate = constants[2], constants[0] / constants[2]
    own = np.empty(taps.shape, np.float32)
    for k in range(taps.shape[0]):
        for number in range(8):
            factor = theta if number < 4 else rate
            own[k, number, 0], own[k, number, 1] = factor * taps[k, number, 0], factor * taps[k, number, 1]
    return own


@jit
def rate_epsilon(constants):
    """What keeps the root in `dual` away from zero: `EPSILON` for gradients that are multiplied by the rate."""
    rate = constants[0] / constants[2]
    return rate * rate * EPSILON


@jit
def threshold(rho, gx, gy, most, u1, u2):
    """u after the threshold step, with the fields of `normalise_row`."""
    distance = rho + gx * u1 + gy * u2
    step = most if distance > most else (-most if distance < -most else distance)
    return u1 - step * gx, u2 - step * gy


@jit
def dual(p1, p2, ux, uy, epsilon):
    """Both dual variables of a component after their step; `ux`, `uy` and `epsilon` hold the rate, epsilon squared."""
    inverse = ONE / (ONE + np.sqrt(ux * ux + (uy * uy + epsilon)))
    return (p1 + ux) * inverse, (p2 + uy) * inverse


@row_jit
def flow_row(states, u1_out, u2_out, old, new, a, here, data, y, end, taps, k):
    """The threshold step and the divergence on row y: u of slot `new` from slot `old`. `u?_out` are `states` too.

    Row y is row `here` of the states, and the one above it row `a`.
    """
    above = ONE if y > 0 else ZERO
    a0, a1, b0, b1 = taps[k, 0, 0], taps[k, 0, 1], above * taps[k, 1, 0], taps[k, 1, 1]
    c0, c1, d0, d1 = taps[k, 2, 0], taps[k, 2, 1], above * taps[k, 3, 0], taps[k, 3, 1]
    for x in range(FIRST, end):
        u1, u2 = threshold(
            *(data[y, 0, x], data[y, 1, x], data[y, 2, x], data[y, 3, x]),
            *(states[old, here, 0, x], states[old, here, 1, x]),
        )
        div1 = a0 * states[old, here, 2, x - STEP] + a1 * states[old, here, 2, x]
        div2 = c0 * states[old, here, 4, x - STEP] + c1 * states[old, here, 4, x]
        u1_out[new, here, 0, x] = u1 + div1 + b0 * states[old, a, 3, x] + b1 * states[old, here, 3, x]
        u2_out[new, here, 1, x] = u2 + div2 + d0 * states[old, a, 5, x] + d1 * states[old, here, 5, x]


@row_jit
def dual_row(states, p11_out, p12_out, p21_out, p22_out, old, new, here, b, below, mask, end, taps, k, epsilon):
    """The dual step on row `here` of the states: p of slot `new`. `p??_out` are `states` too.

    The row below it is row `b` of the states; `below` is 1, or 0 where the image ends.
    """
    b0, b1, d0, d1 = below * taps[k, 5, 0], below * taps[k, 5, 1], below * taps[k, 7, 0], below * taps[k, 7, 1]
    a0, a1, c0, c1 = taps[k, 4, 0], taps[k, 4, 1], taps[k, 6, 0], taps[k, 6, 1]
    for x in range(FIRST, end):
        ux = mask[x] * (a0 * states[new, here, 0, x] + a1 * states[new, here, 0, x + STEP])
        uy = b0 * states[new, here, 0, x] + b1 * states[new, b, 0, x]
        vx = mask[x] * (c0 * states[new, here, 1, x] + c1 * states[new, here, 1, x + STEP])
        vy = d0 * states[new, here, 1, x] + d1 * states[new, b, 1, x]
        p11_out[new, here, 2, x], p12_out[new, here, 3, x] = dual(
            states[old, here, 2, x], states[old, here, 3, x], ux, uy, epsilon
        )
        p21_out[new, here, 4, x], p22_out[new, here, 5, x] = dual(
            states[old, here, 4, x], states[old, here, 5, x], vx, vy, epsilon
        )


@row_jit
def flow_and_dual_row(
    states, u1_out, u2_out, p11_out, p12_out, p21_out, p22_out, old, new, a, here, data, mask, y, end, taps, k, epsilon
):
    """`flow_row` on row y and `dual_row` on the row above it in one loop, which reads what both need once."""
    a0, a1, b0, b1 = taps[k, 0, 0], taps[k, 0, 1], taps[k, 1, 0], taps[k, 1, 1]
    c0, c1, d0, d1 = taps[k, 2, 0], taps[k, 2, 1], taps[k, 3, 0], taps[k, 3, 1]
    e0, e1, f0, f1 = taps[k, 4, 0], taps[k, 4, 1], taps[k, 5, 0], taps[k, 5, 1]
    g0, g1, h0, h1 = taps[k, 6, 0], taps[k, 6, 1], taps[k, 7, 0], taps[k, 7, 1]
    for x in range(FIRST, end):
        p11, p12, p21, p22 = states[old, a, 2, x], states[old, a, 3, x], states[old, a, 4, x], states[old, a, 5, x]
        u1, u2 = threshold(
            *(data[y, 0, x], data[y, 1, x], data[y, 2, x], data[y, 3, x]),
            *(states[old, here, 0, x], states[old, here, 1, x]),
        )
        div1 = a0 * states[old, here, 2, x - STEP] + a1 * states[old, here, 2, x]
        div2 = c0 * states[old, here, 4, x - STEP] + c1 * states[old, here, 4, x]
        u1 = u1 + div1 + b0 * p12 + b1 * states[old, here, 3, x]
        u2 = u2 + div2 + d0 * p22 + d1 * states[old, here, 5, x]
        u1_out[new, here, 0, x], u2_out[new, here, 1, x] = u1, u2
        u1_above, u2_above = states[new, a, 0, x], states[new, a, 1, x]
        ux, uy = mask[x] * (e0 * u1_above + e1 * states[new, a, 0, x + STEP]), f0 * u1_above + f1 * u1
        vx, vy = mask[x] * (g0 * u2_above + g1 * states[new, a, 1, x + STEP]), h0 * u2_above + h1 * u2
        p11_out[new, a, 2, x], p12_out[new, a, 3, x] = dual(p11, p12, ux, uy, epsilon)
        p21_out[new, a, 4, x], p22_out[new, a, 5, x] = dual(p21, p22, vx, vy, epsilon)


@jit
def step_row(states, old, new, a, here, data, mask, end, taps, k, y, epsilon, false_borders):
    """Iteration k on row y of u and row y - 1 of p, which are rows `here` and `a` of the states."""
    rows = data.shape[0]
    top, bottom = k * false_borders[0], rows - k * false_borders[1]
    if top < y < bottom:
        flow_and_dual_row(
            *(states, states, states, states, states, states, states, old, new, a, here),
            *(data, mask, y, end, taps, k, epsilon),
        )
    elif y == top and y < bottom:
        flow_row(states, states, states, old, new, a, here, data, y, end, taps, k)
    elif y == bottom and y > top:
        below = ONE if y < rows else ZERO
        dual_row(states, states, states, states, states, old, new, a, here, below, mask, end, taps, k, epsilon)


@jit
def iterate(states, data, mask, end, taps, first, last, epsilon, false_borders):
    """Runs iterations `first ... last - 1` on a packed band, in place, skewed in time.

    Iteration k works one row behind iteration k - 1, and after every few rows it is the next one's turn: a row is still
    in the first-level cache when the row below needs it, and in the second-level cache when the next iteration does.
    No pixel is written before all that need its old value have read it.

    Args:
        states: `[1, rows, 6, columns]`.
        data: the data term of `normalise_row`, `[rows, 4, columns]`.
        mask: the mask of `not_last_column`.
        end: the column of `row_end`.
        taps: the kernels of `scaled`, `[I, 8, 2]`.
        first: number of the first iteration.
        last: number of the iteration after the last one.
        epsilon: that of `rate_epsilon`.
        false_borders: (top, bottom), 1 where the band was cut out of an image, else 0. Rows that are wrong because of a
            false border (one more with every iteration) are left out.
    """
    rows = data.shape[0]
    for sweep in range(0, rows + last - first, ROWS_AT_ONCE):
        for k in range(first, last):
            start = sweep - (k - first)
            for y in range(max(start, 0), min(start + ROWS_AT_ONCE, rows + 1)):
                a, here = max(y - 1, 0), min(y, rows - 1)
                step_row(states, 0, 0, a, here, data, mask, end, taps, k, y, epsilon, false_borders)


@jit
def run_iterations(states, data, mask, end, taps, epsilon, false_borders, kept, every, done, image, start, rows):
    """Runs all iterations of `taps` on a packed band, in blocks, and keeps states between them.

    Args:
        states: as in `iterate`.
        data: as in `iterate`.
        mask: as in `iterate`.
        end: as in `iterate`.
        taps: as in `iterate`.
        epsilon: as in `iterate`.
        false_borders: as in `iterate`.
        kept: `[S, 6, N, H, W]`; place s receives the state before iteration `s * every`. S = 0 keeps no state.
        every: iterations between two kept states.
        done: iterations that earlier calls ran, a multiple of `every` where states are kept.
        image: number of the image, out of N.
        start: row of the image that is row 0 of the band.
        rows: `(first, last + 1)` row of the image whose state is kept.
    """
    # The sweep holds a row of ten fields per iteration, and a few more.
    block = max(1, CACHE_FLOATS // (10 * mask.size) - ROWS_AT_ONCE)
    if kept.shape[0]:
        block = min(block, every)
    k, iterations = 0, taps.shape[0]
    while k < iterations:
        last = min(k + block, iterations)
        if kept.shape[0]:
            if k % every == 0:
                unpack(states[0], rows[0] - start, kept[(done + k) // every], image, rows[0], rows[1])
            last = min(last, (k // every + 1) * every)
        iterate(states, data, mask, end, taps, k, last, epsilon, false_borders)
        k = last


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
        kept: as in `run_iterations`.
        every: as in `run_iterations`.
        done: as in `run_iterations`.
        images: `(first, last + 1)` image.
        rows: `(first, last + 1)` row.
        workspace: float32, of at least `advance_floats` of the widened band.
    """
    height, width = state.shape[2:]
    iterations = taps.shape[0]
    start, stop = max(0, rows[0] - iterations), min(height, rows[1] + iterations)
    states, offset = carve_states(workspace, 1, stop - start, width)
    packed_data, offset = carve(workspace, offset, stop - start, 4, width)
    mask, end, false_borders = not_last_column(width), row_end(width), cut_from(start, stop, height)
    limit, epsilon = constants[1] * constants[2], rate_epsilon(constants)
    clear_margins(states, end)
    for image in range(images[0], images[1]):
        own_taps = scaled(taps_of(taps, image), constants)
        pack_state(state, image, start, states[0])
        pack_data(data, image, start, limit, packed_data)
        run_iterations(
            states, packed_data, mask, end, own_taps, epsilon, false_borders, kept, every, done, image, start, rows
        )
        unpack(states[0], rows[0] - start, result, image, rows[0], rows[1])
