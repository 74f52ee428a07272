"""Reverse mode of the fused TV-L1 iterations: the formulae of `ops.tvl1.adjoint` in one pass over the image rows.

`bar_x` is the gradient of the loss with respect to x, as in `ops.tvl1.adjoint`. Fields lie as in `native.forward`.
"""

import numba
import numpy as np

from tvnet_keras.ops.native.forward import (
    CONST_FIELDS,
    CONST_TABLE,
    CONST_TAPS,
    CONST_VECTOR,
    EPSILON,
    FIELDS,
    FIELDS_TABLE,
    FIRST,
    ONE,
    RANGE,
    STEP,
    WORKSPACE,
    ZERO,
    carve,
    carve_states,
    clear_margins,
    cut_from,
    lend,
    not_last_column,
    pack,
    pack_data,
    pack_row,
    pack_state,
    rate_epsilon,
    row_end,
    row_length,
    scaled,
    step_row,
    taps_of,
    unpack,
)
from tvnet_keras.ops.native.kernel import jit, kernel, row_jit

SUMS_PER_ITERATION = 19
"""The gradients of the 16 taps (as `[8, 2]`), then of limit, of rate, and of theta by way of the divergence."""


@row_jit
def _dual_row(states, k, bar, p11, p12, p21, p22, ux1, ux2, uy1, uy2, mask, end, y, rows, taps, rate, sums, counted):
    """Pulls the gradient of p back through the dual step on row y.

    It divides bar_p in place (`p11 ... p22` are `bar` too) and leaves the gradients of u's forward differences in `ux?`
    (`[2, columns]`) and `uy?` (`[I, 2, 2, columns]`, slot y % 2).
    """
    here, b = y % states.shape[1], min(y + 1, rows - 1) % states.shape[1]
    below, now, new = (ONE if y + 1 < rows else ZERO), y % 2, k + 1
    a0, a1, b0, b1 = taps[k, 4, 0], taps[k, 4, 1], below * taps[k, 5, 0], below * taps[k, 5, 1]
    c0, c1, d0, d1 = taps[k, 6, 0], taps[k, 6, 1], below * taps[k, 7, 0], below * taps[k, 7, 1]
    s0, s1, s2, s3, t0, t1, t2, t3, s4 = ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO
    for x in range(FIRST, end):
        here1, right1, under1 = states[new, here, 0, x], states[new, here, 0, x + STEP], states[new, b, 0, x]
        here2, right2, under2 = states[new, here, 1, x], states[new, here, 1, x + STEP], states[new, b, 1, x]
        dx1, dy1 = mask[x] * (a0 * here1 + a1 * right1), b0 * here1 + b1 * under1
        dx2, dy2 = mask[x] * (c0 * here2 + c1 * right2), d0 * here2 + d1 * under2
        norm1, norm2 = np.sqrt(dx1 * dx1 + dy1 * dy1 + EPSILON), np.sqrt(dx2 * dx2 + dy2 * dy2 + EPSILON)
        denominator1, denominator2 = ONE + rate * norm1, ONE + rate * norm2
        product1, product2 = norm1 * denominator1, norm2 * denominator2
        # One division for two square roots and two denominators.
        inverse = ONE / (product1 * product2)
        inverse1, inverse2 = inverse * product2, inverse * product1
        scale1, scale2 = inverse1 * norm1, inverse2 * norm2
        bar11, bar12 = bar[y, 2, x] * scale1, bar[y, 3, x] * scale1
        bar21, bar22 = bar[y, 4, x] * scale2, bar[y, 5, x] * scale2
        along1 = bar11 * states[new, here, 2, x] + bar12 * states[new, here, 3, x]
        along2 = bar21 * states[new, here, 4, x] + bar22 * states[new, here, 5, x]
        norm_part1, norm_part2 = along1 * inverse1 * denominator1, along2 * inverse2 * denominator2
        to_x1, to_y1 = mask[x] * rate * (bar11 - norm_part1 * dx1), rate * (bar12 - norm_part1 * dy1)
        to_x2, to_y2 = mask[x] * rate * (bar21 - norm_part2 * dx2), rate * (bar22 - norm_part2 * dy2)
        p11[y, 2, x], p12[y, 3, x], p21[y, 4, x], p22[y, 5, x] = bar11, bar12, bar21, bar22
        ux1[0, x], ux2[1, x], uy1[k, now, 0, x], uy2[k, now, 1, x] = to_x1, to_x2, below * to_y1, below * to_y2
        s0 += to_x1 * here1
        s1 += to_x1 * right1
        s2 += to_y1 * here1
        s3 += to_y1 * under1
        t0 += to_x2 * here2
        t1 += to_x2 * right2
        t2 += to_y2 * here2
        t3 += to_y2 * under2
        s4 += bar11 * dx1 + bar12 * dy1 - along1 * norm1 + bar21 * dx2 + bar22 * dy2 - along2 * norm2
    sums[k, 8] += counted * s0
    sums[k, 9] += counted * s1
    sums[k, 10] += counted * below * s2
    sums[k, 11] += counted * below * s3
    sums[k, 12] += counted * t0
    sums[k, 13] += counted * t1
    sums[k, 14] += counted * below * t2
    sums[k, 15] += counted * below * t3
    sums[k, 17] += counted * s4


@row_jit
def _threshold_row(
    states,
    k,
    data,
    bar,
    u1_out,
    u2_out,
    rho,
    gx_out,
    gy_out,
    ux,
    uy,
    u1_bar,
    u2_bar,
    end,
    y,
    taps,
    limit,
    sums,
    counted,
):
    """Completes the gradient of the new u on row y (`u?_bar`) and pulls it back through the threshold step.

    `u?_out` are `bar` too; `rho`, `gx_out` and `gy_out` are the gradient of the data term, which is added to.
    """
    here, now, before = y % states.shape[1], y % 2, (y + 1) % 2
    above = ONE if y > 0 else ZERO
    a0, a1, b0, b1 = taps[k, 4, 0], taps[k, 4, 1], taps[k, 5, 0], above * taps[k, 5, 1]
    c0, c1, d0, d1 = taps[k, 6, 0], taps[k, 6, 1], taps[k, 7, 0], above * taps[k, 7, 1]
    bar_limit = ZERO
    for x in range(FIRST, end):
        bar1 = bar[y, 0, x] + a0 * ux[0, x] + a1 * ux[0, x - STEP] + b0 * uy[k, now, 0, x] + b1 * uy[k, before, 0, x]
        bar2 = bar[y, 1, x] + c0 * ux[1, x] + c1 * ux[1, x - STEP] + d0 * uy[k, now, 1, x] + d1 * uy[k, before, 1, x]
        gx, gy, u1, u2 = data[y, 1, x], data[y, 2, x], states[k, here, 0, x], states[k, here, 1, x]
        distance, most = data[y, 0, x] + gx * u1 + gy * u2, data[y, 3, x]
        step = most if distance > most else (-most if distance < -most else distance)
        along = gx * bar1 + gy * bar2
        free = along if distance == step else ZERO
        square = (free + free) * distance
        # Where the step is cut off it is proportional to limit, which is divided out after the loop.
        bar_limit += (along - free) * step
        u1_bar[0, x], u2_bar[1, x] = bar1, bar2
        u1_out[y, 0, x], u2_out[y, 1, x] = bar1 - gx * free, bar2 - gy * free
        rho[y, 0, x] -= free
        gx_out[y, 1, x] += square * gx - free * u1 - step * bar1
        gy_out[y, 2, x] += square * gy - free * u2 - step * bar2
    sums[k, 16] -= counted * bar_limit / limit


@row_jit
def _divergence_row(states, k, bar, p11, p12, p21, p22, bar_u, end, y, taps, theta, sums, counted):
    """Pulls the gradient of the new u back through the divergence and adds it to bar_p on row y.

    What belongs to row y - 1 is the task of `_divergence_above`. `p11 ... p22` are `bar` too.
    """
    here, a = y % states.shape[1], max(y - 1, 0) % states.shape[1]
    above = ONE if y > 0 else ZERO
    a0, a1, b0, b1 = taps[k, 0, 0], taps[k, 0, 1], above * taps[k, 1, 0], taps[k, 1, 1]
    c0, c1, d0, d1 = taps[k, 2, 0], taps[k, 2, 1], above * taps[k, 3, 0], taps[k, 3, 1]
    s0, s1, s2, s3, t0, t1, t2, t3 = ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO
    for x in range(FIRST, end):
        value1, value2 = bar_u[0, x], bar_u[1, x]
        p11[y, 2, x] = bar[y, 2, x] + theta * (a1 * value1 + a0 * bar_u[0, x + STEP])
        p12[y, 3, x] = bar[y, 3, x] + theta * b1 * value1
        p21[y, 4, x] = bar[y, 4, x] + theta * (c1 * value2 + c0 * bar_u[1, x + STEP])
        p22[y, 5, x] = bar[y, 5, x] + theta * d1 * value2
        s0 += value1 * states[k, here, 2, x - STEP]
        s1 += value1 * states[k, here, 2, x]
        s2 += value1 * states[k, a, 3, x]
        s3 += value1 * states[k, here, 3, x]
        t0 += value2 * states[k, here, 4, x - STEP]
        t1 += value2 * states[k, here, 4, x]
        t2 += value2 * states[k, a, 5, x]
        t3 += value2 * states[k, here, 5, x]
    sums[k, 0] += counted * theta * s0
    sums[k, 1] += counted * theta * s1
    sums[k, 2] += counted * theta * above * s2
    sums[k, 3] += counted * theta * s3
    sums[k, 4] += counted * theta * t0
    sums[k, 5] += counted * theta * t1
    sums[k, 6] += counted * theta * above * t2
    sums[k, 7] += counted * theta * t3
    sums[k, 18] += counted * (a0 * s0 + a1 * s1 + b0 * s2 + b1 * s3 + c0 * t0 + c1 * t1 + d0 * t2 + d1 * t3)


@row_jit
def _divergence_above(bar, p22, bar_u, end, y, taps, k, theta):
    """The part of the divergence's pull-back that belongs to row y - 1."""
    b0, d0 = theta * taps[k, 1, 0], theta * taps[k, 3, 0]
    for x in range(FIRST, end):
        bar[y - 1, 3, x] += b0 * bar_u[0, x]
        p22[y - 1, 5, x] += d0 * bar_u[1, x]


@jit
def _sweep(
    starts, ends, image, start, states, data, bar, bar_data, mask, end, taps, constants, sums, own, false_borders
):
    """Pulls `bar`, the gradient of the states `ends`, back to that of `starts`, in place, in one pass over the rows.

    The states between the two are computed again just ahead of the gradient, and only `states.shape[1]` rows of them
    are held, in a ring: all states of all rows would leave the second-level cache before they are used.

    Args:
        starts: `[6, N, H, W]`, the states before the first iteration.
        ends: `[6, N, H, W]`, the states after the last one.
        image: number of the image, out of N.
        start: row of the image that is row 0 of the band.
        states: `[slots, ring_rows(I), 6, columns]`, at least I + 1 slots.
        data: the packed data term, `[rows, 4, columns]`.
        bar: gradient of the states, `[rows, 6, columns]`.
        bar_data: gradient of the data term, divided by the factor with which `normalise_row` multiplied it,
            `[rows, 3, columns]`, which is added to.
        mask: the mask of `not_last_column`.
        end: the column of `row_end`.
        taps: the kernels, `[I, 8, 2]`.
        constants: tau, lambda, theta.
        sums: gradients of taps and constants, `[I, SUMS_PER_ITERATION]`, which are added to.
        own: `(first, last + 1)` row whose pixels count in `sums`.
        false_borders: (top, bottom), 1 where the band was cut out of an image, as in `native.forward.iterate`.
    """
    theta, limit, rate = constants[2], constants[1] * constants[2], constants[0] / constants[2]
    ring, rows, iterations, columns = states.shape[1], data.shape[0], taps.shape[0], mask.size
    scaled_taps, epsilon = scaled(taps, constants), rate_epsilon(constants)
    ux, bar_u = np.zeros((2, columns), np.float32), np.zeros((2, columns), np.float32)
    uy = np.zeros((iterations, 2, 2, columns), np.float32)
    lag = _lag(iterations)
    for sweep in range(rows + lag + 2 * (iterations - 1)):
        if sweep < rows:
            pack_row(starts, image, start + sweep, states[0, sweep % ring])
        for k in range(iterations - 1):
            y = sweep - 2 * k
            a, here = max(y - 1, 0) % ring, min(y, rows - 1) % ring
            step_row(states, k, k + 1, a, here, data, mask, end, scaled_taps, k, y, epsilon, false_borders)
        if lag <= sweep + 1 < rows + lag:
            y = sweep + 1 - lag
            pack_row(ends, image, start + y, states[iterations, y % ring])
        for done in range(iterations):
            y, k = sweep - lag - 2 * done, iterations - 1 - done
            # Beyond these rows a false border has spoilt the states or the gradient.
            spoilt = 2 * iterations - 1 - k
            if y < spoilt * false_borders[0] or y >= rows - spoilt * false_borders[1]:
                continue
            counted = 1.0 if own[0] <= y < own[1] else 0.0
            _dual_row(states, k, bar, bar, bar, bar, bar, ux, ux, uy, uy, mask, end, y, rows, taps, rate, sums, counted)
            _threshold_row(
                *(states, k, data, bar, bar, bar, bar_data, bar_data, bar_data, ux, uy, bar_u, bar_u),
                *(end, y, taps, limit, sums, counted),
            )
            _divergence_row(states, k, bar, bar, bar, bar, bar, bar_u, end, y, taps, theta, sums, counted)
            if y > 0:
                _divergence_above(bar, bar, bar_u, end, y, taps, k, theta)


@jit
def _lag(iterations):
    """Rows by which the gradient's first iteration follows that of the states: the state before it must be there."""
    return max(1, 2 * iterations - 3)


@jit
def ring_rows(iterations):
    """Rows from the first one that `_sweep` computes again to the last one that it still needs."""
    return 4 * iterations - 1


@kernel((numba.int64, numba.int64, numba.int64))
def pull_back_floats(rows, width, every):
    """Size of the workspace of `pull_back` for a band of `rows`, widened, and segments of `every` iterations."""
    return row_length(width) * (6 * (every + 1) * ring_rows(every) + 13 * rows)


@jit
def _scale_row(bar_data, data, y, end, limit):
    """The gradient of the data term on row y from that of the packed one, in place."""
    for x in range(FIRST, end):
        factor = limit / data[y, 3, x]
        for field in range(3):
            bar_data[y, field, x] *= factor


@kernel(
    (
        *(CONST_TABLE, CONST_FIELDS, CONST_TAPS, CONST_VECTOR, CONST_FIELDS, numba.int64),
        *(FIELDS, FIELDS, numba.float64[:, :, ::1], FIELDS_TABLE, RANGE, RANGE, RANGE, WORKSPACE),
    )
)
def pull_back(
    kept, data, taps, constants, upstream, every, bar_state, bar_data, sums, edges, images, rows, segments, workspace
):
    """Pulls a gradient back through segments of iterations, the last one first, for some images and rows of a batch.

    The states inside a segment are computed again from the state before it. A band is widened by two rows per iteration
    of a segment on either side: errors of its false borders travel forward through the iterations that are computed
    again, then back. After a segment those rows are fetched from the bands to which they belong, through `edges`.

    Args:
        kept: `[S + 1, 6, N, H, W]`, the states before every segment and after the last one.
        data: the data term, `[3, N, H, W]`.
        taps: the kernels of all iterations, `[I, G, 8, 2]`.
        constants: tau, lambda, theta.
        upstream: `[6, N, H, W]`, or `[2, N, H, W]`, gradient of the state after the last iteration, or of its flow.
        every: iterations in a segment (the last one may have fewer).
        bar_state: `[6, N, H, W]`; receives the gradient of the first state on `rows` after segment 0.
        bar_data: `[3, N, H, W]`; receives the gradient of the data term on `rows` after segment 0.
        sums: `[I, G, SUMS_PER_ITERATION]`; the sums over `images` and `rows` are added to it.
        edges: `[2, 6, N, H, W]`, shared by the bands of an image; unused where `rows` is the whole image.
        images: `(first, last + 1)` image; a single image where `segments` are not all segments.
        rows: `(first, last + 1)` row.
        segments: `(first, last + 1)` segment; where they are not all segments, calls with the same workspace follow one
            another down to segment 0, and all bands finish one call before the next.
        workspace: float32, of at least `pull_back_floats` of the widened band.
    """
    height, width = data.shape[2:]
    start, stop = max(0, rows[0] - 2 * every), min(height, rows[1] + 2 * every)
    states, offset = carve_states(workspace, every + 1, ring_rows(every), width)
    packed_data, offset = carve(workspace, offset, stop - start, 4, width)
    bar, offset = carve(workspace, offset, stop - start, 6, width)
    packed_bar_data, offset = carve(workspace, offset, stop - start, 3, width)
    false_borders, own = cut_from(start, stop, height), (rows[0] - start, rows[1] - start)
    mask, end = not_last_column(width), row_end(width)
    for image in range(images[0], images[1]):
        own_taps, own_sums = taps_of(taps, image), sums[:, image % taps.shape[1]]
        if segments[1] == kept.shape[0] - 1:
            clear_margins(states, end)
            pack_data(data, image, start, constants[1] * constants[2], packed_data)
            pack_state(upstream, image, start, bar)
            packed_bar_data[:] = 0
        else:
            pack(edges[segments[1] % 2], image, start, bar[: own[0]])
            pack(edges[segments[1] % 2], image, rows[1], bar[own[1] :])
        for segment in range(segments[1] - 1, segments[0] - 1, -1):
            part = own_taps[segment * every : (segment + 1) * every]
            part_sums = own_sums[segment * every : (segment + 1) * every]
            _sweep(
                *(kept[segment], kept[segment + 1], image, start, states, packed_data, bar, packed_bar_data),
                *(mask, end, part, constants, part_sums, own, false_borders),
            )
        if segments[0] == 0:
            unpack(bar, own[0], bar_state, image, rows[0], rows[1])
            for y in range(own[0], own[1]):
                _scale_row(packed_bar_data, packed_data, y, end, constants[1] * constants[2])
            unpack(packed_bar_data, own[0], bar_data, image, rows[0], rows[1])
        else:
            lend(bar, own, edges[segments[0] % 2], image, rows, 2 * every)
