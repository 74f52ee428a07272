"""Warps of a pyramid level, each followed by its iterations, without leaving the packed rows of `native.forward`."""

import itertools

import numba
import numpy as np

from tvnet_keras.ops.native import linearise
from tvnet_keras.ops.native.forward import (
    CONST_FIELDS,
    CONST_IMAGES,
    CONST_ROWS,
    CONST_VECTOR,
    FIELDS,
    FIELDS_TABLE,
    RANGE,
    WORKSPACE,
    advance_floats,
    carve,
    carve_states,
    clear_margins,
    cut_from,
    lend,
    not_last_column,
    pack,
    pack_state,
    rate_epsilon,
    row_end,
    run_iterations,
    scaled,
    unpack,
)
from tvnet_keras.ops.native.kernel import jit, kernel
from tvnet_keras.ops.native.memory import borrow
from tvnet_keras.ops.native.solve import exchange_step, segment, states_kept
from tvnet_keras.ops.native.threads import bands, parallel, shares
from tvnet_keras.ops.tvl1.formulae import STATE_FIELDS


def solve_warps(
    keep: bool,
    first: np.ndarray,
    samples: np.ndarray,
    state: np.ndarray,
    kernels: np.ndarray,
    constants: np.ndarray,
    fields: int = STATE_FIELDS,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Linearises at the flow and iterates, once for every warp.

    Args:
        keep: whether the gradient will be asked for.
        first: `[N, H, W]`, grey.
        samples: `linearise.sampled` of the second frames.
        state: `[6, N, H, W]`, or `[2, N, H, W]` where the dual variables are zero.
        kernels: `[W, I, 8, 2]`.
        constants: tau, lambda, theta.
        fields: how many fields of the last state are wanted, from the first one on.

    Returns:
        The last state, `[fields, N, H, W]`; the data terms, `[W, 3, N, H, W]`, and the states that
        `solve.solve_and_keep` keeps, `[W, S + 1, 6, N, H, W]`. Without `keep` both have no entry, W = 0.
    """
    warps, iterations = kernels.shape[:2]
    shape = first.shape
    count, height, width = shape
    result = borrow((fields, *shape))
    data, kept = borrow((warps if keep else 0, 3, *shape)), _room_for_states(warps if keep else 0, iterations, shape)
    pieces, banded, step = (
        shares(count, height),
        len(bands(count, height)) > 1,
        exchange_step(count, height, iterations),
    )
    halo, edges = (step if banded else 0), borrow((2 if banded else 0, STATE_FIELDS, *shape))

    def run(images, rows, span, turn, floats):
        arrays = first, samples, state, kernels, constants, result, data, kept.reshape(-1, STATE_FIELDS, *shape)
        floats = workspace(rows) if floats is None else floats
        _advance(*arrays, segment(iterations), edges, turn, images, rows, halo, span, floats)

    def workspace(rows):
        return borrow((advance_floats(min(height, rows[1] + halo) - max(0, rows[0] - halo), width),))

    if not banded:
        parallel(run, [(*piece, (0, warps * iterations), 0, None) for piece in pieces])
        return result, data, kept
    for _, same_image in itertools.groupby(pieces, lambda piece: piece[0]):
        work = [(*piece, workspace(piece[1])) for piece in same_image]
        for turn, span in enumerate(_spans(warps, iterations, step)):
            parallel(run, [(images, rows, span, turn, floats) for images, rows, floats in work])
    return result, data, kept


def _room_for_states(warps: int, iterations: int, shape: tuple[int, ...]) -> np.ndarray:
    return borrow((warps, states_kept(iterations), STATE_FIELDS, *shape))


def _spans(warps: int, iterations: int, step: int) -> list[tuple[int, int]]:
    """`(first, last + 1)` iteration between two exchanges, counted through all warps; none reaches over two warps."""
    starts = itertools.product(range(warps), range(0, iterations, step))
    return [(warp * iterations + done, warp * iterations + min(done + step, iterations)) for warp, done in starts]


@jit
def _borrow(edges, image, start, rows, own, packed):
    """Takes the rows around a band's own ones from its neighbours, which have lent them (`forward.lend`)."""
    pack(edges, image, start, packed[: own[0]])
    pack(edges, image, rows[1], packed[own[1] :])


@kernel(
    (
        *(CONST_IMAGES, CONST_ROWS, CONST_FIELDS, CONST_FIELDS, CONST_VECTOR, FIELDS, FIELDS_TABLE, FIELDS_TABLE),
        *(numba.int64, FIELDS_TABLE, numba.int64, RANGE, RANGE, numba.int64, RANGE, WORKSPACE),
    )
)
def _advance(
    first,
    samples,
    state,
    kernels,
    constants,
    result,
    data,
    kept,
    every,
    edges,
    turn,
    images,
    rows,
    halo,
    span,
    workspace,
):
    """Runs a span of the iterations of all warps, counted through, on some images and rows of a batch.

    Args:
        first: `[N, H, W]`, grey.
        samples: `linearise.sampled` of the second frames.
        state: `[6, N, H, W]`, or `[2, N, H, W]` where the dual variables are zero, before the first iteration.
        kernels: `[W, I, 8, 2]`.
        constants: tau, lambda, theta.
        result: `[6, N, H, W]`, or less fields; `images` and `rows` of it receive the state after the last iteration.
        data: `[W, 3, N, H, W]`, receives the data terms; `[0, 3, N, H, W]` where nobody needs them.
        kept: the states that `native.solve_and_keep` keeps, of one warp after the other; likewise.
        every: iterations between two kept states.
        edges: `[2, 6, N, H, W]`, through which the bands of an image get their `halo`; unused where there is one band.
        turn: number of the span. Spans with the same workspace follow one another, and all bands finish one first.
        images: `(first, last + 1)` image; a single image where the span is a part.
        rows: `(first, last + 1)` row.
        halo: rows by which a band is widened, as many as a span has iterations at most.
        span: `(first, last + 1)` iteration. A part lies within one warp.
        workspace: float32, of at least `advance_floats` of the widened band.
    """
    warps, iterations = kernels.shape[:2]
    height, width = first.shape[1:]
    places = kept.shape[0] // warps
    start, stop = max(0, rows[0] - halo), min(height, rows[1] + halo)
    states, offset = carve_states(workspace, 1, stop - start, width)
    packed_data, offset = carve(workspace, offset, stop - start, 4, width)
    mask, end, false_borders = not_last_column(width), row_end(width), cut_from(start, stop, height)
    limit, epsilon = constants[1] * constants[2], rate_epsilon(constants)
    own = rows[0] - start, rows[1] - start
    clear_margins(states, end)
    for image in range(images[0], images[1]):
        if span[0] == 0:
            pack_state(state, image, start, states[0])
        else:
            _borrow(edges[turn % 2], image, start, rows, own, states[0])
        k = span[0]
        while k < span[1]:
            warp, done = k // iterations, k % iterations
            last = min(span[1] - warp * iterations, iterations)
            if done == 0:
                of_warp = data[warp : warp + 1] if data.shape[0] else data
                linearise.linearise(first, samples, image, start, states, packed_data, limit, of_warp, rows)
            own_kept, own_taps = kept[warp * places : (warp + 1) * places], scaled(kernels[warp, done:last], constants)
            run_iterations(
                *(states, packed_data, mask, end, own_taps, epsilon, false_borders, own_kept, every, done),
                *(image, start, rows),
            )
            if places and last == iterations:
                unpack(states[0], own[0], own_kept[places - 1], image, rows[0], rows[1])
            k = warp * iterations + last
        if k == warps * iterations:
            unpack(states[0], own[0], result, image, rows[0], rows[1])
        else:
            lend(states[0], own, edges[(turn + 1) % 2], image, rows, halo)
