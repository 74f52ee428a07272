"""The solver's native mode: fused CPU kernels (numba) on all cores, as a differentiable TensorFlow operation.

A batch is shared out by images. Where there are fewer images than threads, an image is cut into bands of rows that are
solved apart for some iterations and then exchange their borders. The forward pass keeps the state before every few
iterations only, and the backward pass computes the states between them again.
"""

import importlib
import itertools
import math
from types import ModuleType

import numpy as np

from tvnet_keras.ops.native.differentiable import differentiable_operation
from tvnet_keras.ops.native.forward import advance, advance_floats
from tvnet_keras.ops.native.memory import borrow
from tvnet_keras.ops.native.threads import bands, parallel, shares
from tvnet_keras.ops.tvl1.formulae import STATE_FIELDS
from tvnet_keras.typing import Tensor

ROWS_PER_EXCHANGE = 8
"""Bands exchange borders after one iteration per so many rows: shared rows cost work, exchanges wake threads."""

LONGEST_SEGMENT = 5
"""Iterations whose states the backward pass holds at a time; in rows of 320 pixels they fill a cache of 1 MiB."""


def solve(state: Tensor, data: Tensor, taps: Tensor, constants: Tensor) -> Tensor:
    """`ops.tvl1.solver.solve` with taps `[I, G, 8, 2]`, by fused CPU kernels; differentiable once in all arguments."""
    return _solve(state, data, taps, constants)


def _solve_apart(keep: bool, *arguments: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`solve_and_keep` with a result in memory of its own: TensorFlow may write into a tensor that nobody else has."""
    result, kept = solve_and_keep(keep, *arguments)
    return (result.copy() if keep else result), kept


def solve_and_keep(
    keep: bool, state: np.ndarray, data: np.ndarray, taps: np.ndarray, constants: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """`ops.tvl1.solver.solve` on float32 arrays, with the states that its gradient starts from.

    Args:
        keep: whether the gradient will be asked for.
        state: `[6, N, H, W]`, or `[2, N, H, W]` where the dual variables are zero.
        data: the data term, `[3, N, H, W]`.
        taps: the kernels, `[I, G, 8, 2]`.
        constants: tau, lambda, theta.

    Returns:
        The last state, and the states before every segment and after the last one, `[S + 1, 6, N, H, W]`. With `keep`
        the last state lies in the memory of the kept states; without it no state is kept.
    """
    every, shape = segment(len(taps)), (STATE_FIELDS, *state.shape[1:])
    kept = borrow((states_kept(len(taps)) if keep else 0, *shape))
    images, height = state.shape[1:3]
    step = exchange_step(images, height, len(taps))
    exchanged = [borrow(shape) for _ in range(min(2, (len(taps) - 1) // step))]
    for done in range(0, len(taps), step):
        last = done + step >= len(taps)
        result = (kept[-1] if keep else borrow(shape)) if last else exchanged[done // step % 2]
        _advance(state, data, taps[done : done + step], constants, result, kept, every, done)
        state = result
    return state, kept


def segment(iterations: int) -> int:
    """Iterations between kept states: about as many states are kept as are computed again at a time."""
    return max(1, min(math.isqrt(iterations), LONGEST_SEGMENT))


def states_kept(iterations: int) -> int:
    """Number of kept states: before every segment, and after the last one."""
    return 1 - (-iterations // segment(iterations))


def exchange_step(images: int, height: int, iterations: int) -> int:
    """Iterations after which the bands of an image exchange their borders; all of them where there is one band."""
    (top, bottom), *others = bands(images, height)
    if not others:
        return iterations
    return _balanced(iterations, (bottom - top) // ROWS_PER_EXCHANGE, segment(iterations))


def _balanced(iterations: int, most: int, unit: int) -> int:
    """A multiple of `unit` that cuts the iterations into equal steps of about `most` at most."""
    parts = -(-iterations // max(most, unit))
    return -(-iterations // (parts * unit)) * unit


def gradient_arrays(
    state: np.ndarray, data: np.ndarray, taps: np.ndarray, constants: np.ndarray, upstream: np.ndarray, kept: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Gradients with respect to state, data, taps and constants.

    Args:
        state: as in `solve_and_keep`.
        data: as in `solve_and_keep`.
        taps: as in `solve_and_keep`.
        constants: as in `solve_and_keep`.
        upstream: gradient of the last state, `[6, N, H, W]`, or of its flow alone, `[2, N, H, W]`.
        kept: the states that `solve_and_keep` kept; where it kept none they are computed again.
    """
    if not len(kept):
        kept = solve_and_keep(True, state, data, taps, constants)[1]
    bar_state, bar_data = borrow((STATE_FIELDS, *state.shape[1:])), borrow(data.shape)
    sums = _pull_back(kept, data, taps, constants, upstream, bar_state, bar_data)
    bar_taps = sums[..., :16].reshape(taps.shape).astype("float32")
    return bar_state, bar_data, bar_taps, _constants(sums, constants)


def _constants(sums: np.ndarray, constants: np.ndarray) -> np.ndarray:
    """Gradients of tau, lambda, theta from the sums for limit = lambda * theta, rate = tau / theta and divergence."""
    tau, lambda_, theta = constants.astype("float64")
    limit, rate, divergence = sums[..., 16:].sum(axis=(0, 1))
    return np.array([rate / theta, limit * theta, divergence + limit * lambda_ - rate * tau / theta**2], "float32")


def _advance(
    state: np.ndarray,
    data: np.ndarray,
    taps: np.ndarray,
    constants: np.ndarray,
    result: np.ndarray,
    kept: np.ndarray,
    every: int,
    done: int,
) -> None:
    def run(images, rows):
        workspace = borrow((advance_floats(_widened(rows, len(taps), state), state.shape[3]),))
        advance(state, data, taps, constants, result, kept, every, done, images, rows, workspace)

    parallel(run, shares(*state.shape[1:3]))


_solve = differentiable_operation(_solve_apart, gradient_arrays, like=0, kept_arrays=lambda *arguments: 1)


def _adjoint() -> ModuleType:
    # Numba compiles the adjoint for seconds when it is first imported, and users who never train need not wait.
    return importlib.import_module("tvnet_keras.ops.native.adjoint")


def _pull_back(
    kept: np.ndarray,
    data: np.ndarray,
    taps: np.ndarray,
    constants: np.ndarray,
    upstream: np.ndarray,
    bar_state: np.ndarray,
    bar_data: np.ndarray,
) -> np.ndarray:
    adjoint, every, segments = _adjoint(), segment(len(taps)), len(kept) - 1
    pieces = shares(*data.shape[1:3])
    banded = len(bands(*data.shape[1:3])) > 1
    edges = borrow((2 if banded else 0, *bar_state.shape))
    sums = np.zeros((len(pieces), *taps.shape[:2], adjoint.SUMS_PER_ITERATION))

    def workspace(rows):
        return borrow((adjoint.pull_back_floats(_widened(rows, 2 * every, data), data.shape[3], every),))

    def run(images, rows, part_sums, part, floats):
        own = images, rows, part, workspace(rows) if floats is None else floats
        adjoint.pull_back(kept, data, taps, constants, upstream, every, bar_state, bar_data, part_sums, edges, *own)

    if not banded:
        parallel(run, [(*piece, own, (0, segments), None) for piece, own in zip(pieces, sums, strict=True)])
        return sums.sum(axis=0)
    for _, same_image in itertools.groupby(zip(pieces, sums, strict=True), lambda item: item[0][0]):
        work = [(*piece, own, workspace(piece[1])) for piece, own in same_image]
        for last in range(segments, 0, -1):
            parallel(run, [(images, rows, own, (last - 1, last), floats) for images, rows, own, floats in work])
    return sums.sum(axis=0)


def _widened(rows: tuple[int, int], halo: int, fields: np.ndarray) -> int:
    return min(fields.shape[2], rows[1] + halo) - max(0, rows[0] - halo)
