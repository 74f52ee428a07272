"""Reverse mode of the fused TV-L1 iterations: what `ops.tvl1_adjoint` says, one pass over the image rows each.

Names as there: `bar_x` is the gradient of the loss with respect to x. The layout is that of `native_forward`.
"""

import numba
import numpy as np

from tvnet_keras.ops.native_forward import (
    CONST_FIELDS,
    CONST_TAPS,
    CONST_VECTOR,
    EPSILON,
    FIELDS,
    FIRST,
    ONE,
    OPTIONS,
    RANGE,
    STEP,
    WORKSPACE,
    ZERO,
    carve,
    carve_states,
    clear_margins,
    cut_from,
    iterate,
    jit,
    not_last_column,
    pack,
    pack_data,
    row_end,
    unpack,
)

ADJOINT_FIELDS = 9
SUMS = 19
"""Per iteration: 16 taps (as `[8, 2]`), then the gradients of limit, rate and theta (the divergence's part)."""


@jit
def _dual_row(states, k, bar, bar_ux, bar_uy, mask, end, y, part, taps, rate, sums, counted):
    """Pulls the gradient of p of flow component `part` back through the dual step on row y.

    Divides bar_p in place, leaves the gradients of u's forward differences in `bar_ux` and `bar_uy` (slot y % 2).
    """
    b = min(y + 1, states.shape[1] - 1)
    below = ONE if b > y else ZERO
    px, py, now = 2 + 2 * part, 3 + 2 * part, y % 2
    a0, a1 = taps[k, 4 + 2 * part, 0], taps[k, 4 + 2 * part, 1]
    b0, b1 = taps[k, 5 + 2 * part, 0], taps[k, 5 + 2 * part, 1]
    s0, s1, s2, s3, s4 = ZERO, ZERO, ZERO, ZERO, ZERO
    for x in range(FIRST, end):
        here, right, under = states[k + 1, y, part, x], states[k + 1, y, part, x + STEP], states[k + 1, b, part, x]
        ux, uy = mask[x] * (a0 * here + a1 * right), below * (b0 * here + b1 * under)
        norm = np.sqrt(ux * ux + uy * uy + EPSILON)
        denominator = ONE + rate * norm
        inverse = ONE / (norm * denominator)
        over_denominator, over_norm = norm * inverse, denominator * inverse
        bar_px, bar_py = bar[y, px, x] * over_denominator, bar[y, py, x] * over_denominator
        new_px, new_py = states[k, y, px, x] + rate * ux, states[k, y, py, x] + rate * uy
        bar_product = -(bar_px * new_px + bar_py * new_py) * over_denominator
        bar_norm = rate * bar_product * over_norm
        to_ux, to_uy = mask[x] * (rate * bar_px + bar_norm * ux), below * (rate * bar_py + bar_norm * uy)
        bar[y, px, x], bar[y, py, x] = bar_px, bar_py
        bar_ux[part, x], bar_uy[k, now, part, x] = to_ux, to_uy
        s0 += to_ux * here
        s1 += to_ux * right
        s2 += to_uy * here
        s3 += to_uy * under
        s4 += bar_px * ux + bar_py * uy + bar_product * norm
    sums[k, 8 + 4 * part] += counted * s0
    sums[k, 9 + 4 * part] += counted * s1
    sums[k, 10 + 4 * part] += counted * s2
    sums[k, 11 + 4 * part] += counted * s3
    sums[k, 17] += counted * s4


@jit
def _threshold_row(states, k, data, bar, bar_data, bar_ux, bar_uy, bar_u, end, y, taps, limit, sums, counted):
    """Completes the gradient of the new u on row y (`bar_u`) and pulls it back through the threshold step."""
    now, before = y % 2, (y + 1) % 2
    above = ONE if y > 0 else ZERO
    a0, a1, b0, b1 = taps[k, 4, 0], taps[k, 4, 1], taps[k, 5, 0], above * taps[k, 5, 1]
    c0, c1, d0, d1 = taps[k, 6, 0], taps[k, 6, 1], taps[k, 7, 0], above * taps[k, 7, 1]
    bar_limit = ZERO
    for x in range(FIRST, end):
        bar1 = bar[y, 0, x] + a0 * bar_ux[0, x] + a1 * bar_ux[0, x - STEP]
        bar1 += b0 * bar_uy[k, now, 0, x] + b1 * bar_uy[k, before, 0, x]
        bar2 = bar[y, 1, x] + c0 * bar_ux[1, x] + c1 * bar_ux[1, x - STEP]
        bar2 += d0 * bar_uy[k, now, 1, x] + d1 * bar_uy[k, before, 1, x]
        gx, gy, over_square = data[y, 1, x], data[y, 2, x], data[y, 3, x]
        u1, u2 = states[k, y, 0, x], states[k, y, 1, x]
        ratio = (data[y, 0, x] + gx * u1 + gy * u2) * over_square
        bar_step = -(gx * bar1 + gy * bar2)
        inside = abs(ratio) <= limit
        step = limit if ratio > limit else (-limit if ratio < -limit else ratio)
        bar_rho = bar_step * over_square if inside else ZERO
        bar_square = -(bar_rho + bar_rho) * ratio
        bar_limit += ZERO if inside else (bar_step if ratio > ZERO else -bar_step)
        bar_u[0, x], bar_u[1, x] = bar1, bar2
        bar[y, 0, x], bar[y, 1, x] = bar1 + gx * bar_rho, bar2 + gy * bar_rho
        bar_data[y, 0, x] += bar_rho
        bar_data[y, 1, x] += bar_rho * u1 + bar_square * gx - step * bar1
        bar_data[y, 2, x] += bar_rho * u2 + bar_square * gy - step * bar2
    sums[k, 16] += counted * bar_limit


@jit
def _divergence_row(states, k, bar, bar_u, end, y, part, taps, theta, sums, counted):
    """Pulls the gradient of the new u back through the divergence: adds to bar_p on rows y and y - 1."""
    a = max(y - 1, 0)
    above = ONE if y > 0 else ZERO
    px, py = 2 + 2 * part, 3 + 2 * part
    a0, a1 = taps[k, 2 * part, 0], taps[k, 2 * part, 1]
    b0, b1 = above * taps[k, 2 * part + 1, 0], taps[k, 2 * part + 1, 1]
    s0, s1, s2, s3, s4 = ZERO, ZERO, ZERO, ZERO, ZERO
    for x in range(FIRST, end):
        value = bar_u[part, x]
        left, here = states[k, y, px, x - STEP], states[k, y, px, x]
        over, same = above * states[k, a, py, x], states[k, y, py, x]
        bar[y, px, x] += theta * (a1 * value + a0 * bar_u[part, x + STEP])
        bar[y, py, x] += theta * b1 * value
        s0 += value * left
        s1 += value * here
        s2 += value * over
        s3 += value * same
        s4 += value * (a0 * left + a1 * here + b0 * over + b1 * same)
    if y > 0:
        for x in range(FIRST, end):
            bar[a, py, x] += theta * b0 * bar_u[part, x]
    sums[k, 4 * part] += counted * theta * s0
    sums[k, 4 * part + 1] += counted * theta * s1
    sums[k, 4 * part + 2] += counted * theta * s2
    sums[k, 4 * part + 3] += counted * theta * s3
    sums[k, 18] += counted * s4


@jit
def _sweep(states, data, bar, bar_data, mask, end, taps, constants, sums, own, false_borders):
    """Pulls `bar`, the gradient of `states[I]`, back to that of `states[0]`, in place, skewed as `iterate` is."""
    theta, limit, rate = constants[2], constants[1] * constants[2], constants[0] / constants[2]
    rows, iterations, columns = states.shape[1], taps.shape[0], mask.size
    bar_ux, bar_u = np.zeros((2, columns), np.float32), np.zeros((2, columns), np.float32)
    bar_uy = np.zeros((iterations, 2, 2, columns), np.float32)
    for sweep in range(rows + 2 * (iterations - 1)):
        for done in range(iterations):
            y, k = sweep - 2 * done, iterations - 1 - done
            # Beyond these rows a false border has spoilt the states or the gradient.
            spoilt = 2 * iterations - 1 - k
            if y < spoilt * false_borders[0] or y >= rows - spoilt * false_borders[1]:
                continue
            counted = 1.0 if own[0] <= y < own[1] else 0.0
            for part in range(2):
                _dual_row(states, k, bar, bar_ux, bar_uy, mask, end, y, part, taps, rate, sums, counted)
            _threshold_row(states, k, data, bar, bar_data, bar_ux, bar_uy, bar_u, end, y, taps, limit, sums, counted)
            for part in range(2):
                _divergence_row(states, k, bar, bar_u, end, y, part, taps, theta, sums, counted)


@numba.njit(
    (
        *(CONST_FIELDS, CONST_FIELDS, CONST_TAPS, CONST_VECTOR, CONST_FIELDS),
        *(FIELDS, FIELDS, numba.float64[:, ::1], RANGE, RANGE, WORKSPACE),
    ),
    **OPTIONS,
)
def pull_back(state, data, taps, constants, upstream, bar_state, bar_data, sums, images, rows, workspace):
    """Pulls a gradient back through the iterations of `taps`, for some images and rows of a batch.

    The band is widened by two rows per iteration on either side: errors of its false borders travel forward through
    the iterations that are computed again, then back.

    Args:
        state: `[6, N, H, W]` before the first of these iterations.
        data: `[3, N, H, W]`.
        taps: `[I, 8, 2]`.
        constants: tau, lambda, theta.
        upstream: `[6, N, H, W]`, gradient of the state after them.
        bar_state: `[6, N, H, W]`, another array; receives the gradient of `state` on `rows`.
        bar_data: `[3, N, H, W]`; the gradient of `data` is added to it on `rows`.
        sums: `[I, SUMS]`, float64; sums over `images` and `rows` are added to it.
        images: `(first, last + 1)`.
        rows: `(first, last + 1)`.
        workspace: float32, at least `band_floats` of the widened band, I + 1 slots, `ADJOINT_FIELDS` more.
    """
    height, width = state.shape[2:]
    iterations = taps.shape[0]
    start, stop = max(0, rows[0] - 2 * iterations), min(height, rows[1] + 2 * iterations)
    states, offset = carve_states(workspace, iterations + 1, stop - start, width)
    packed_data, offset = carve(workspace, offset, stop - start, 4, width)
    bar, offset = carve(workspace, offset, stop - start, 6, width)
    bar_packed, offset = carve(workspace, offset, stop - start, 3, width)
    false_borders = cut_from(start, stop, height)
    mask, end, own = not_last_column(width), row_end(width), (rows[0] - start, rows[1] - start)
    clear_margins(states, end)
    for image in range(images[0], images[1]):
        pack(state, image, start, states[0])
        pack_data(data, image, start, packed_data)
        pack(upstream, image, start, bar)
        pack(bar_data, image, start, bar_packed)
        iterate(states, packed_data, mask, end, taps, 0, iterations, constants, false_borders)
        _sweep(states, packed_data, bar, bar_packed, mask, end, taps, constants, sums, own, false_borders)
        unpack(bar, own[0], bar_state, image, rows[0], rows[1])
        unpack(bar_packed, own[0], bar_data, image, rows[0], rows[1])
