"""The solver's native mode: fused CPU kernels (numba) on all cores, as a differentiable TensorFlow operation.

A batch is shared out by images. Where there are fewer images than threads, an image is cut into bands of rows that are
solved apart for some iterations and then exchange their borders. The backward pass keeps the state at every
`segment` iterations only and computes the ones between again, so that its memory grows with the square root of the
iterations.
"""

import contextlib
import functools
import importlib
import itertools
import math
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType

import numpy as np
import tensorflow as tf

from tvnet_keras.ops.native_forward import advance, band_floats

ROWS_PER_EXCHANGE = 5
"""Rows of a band for one forward iteration between exchanges: shared rows cost work, exchanges wake threads."""
SMALLEST_BAND = 32
CHUNKS_PER_THREAD = 4


def solve(state, data, taps, constants):
    """`ops.solver.solve` on TensorFlow tensors, by fused CPU kernels; differentiable once in all four arguments."""
    return _differentiable(*(tf.convert_to_tensor(tensor, tf.float32) for tensor in (state, data, taps, constants)))


@tf.custom_gradient
def _differentiable(*arguments):
    result = tf.numpy_function(solve_arrays, arguments, tf.float32, stateful=False)
    result.set_shape(arguments[0].shape)

    def gradient(upstream):
        inputs = (*arguments, upstream)
        bars = tf.numpy_function(gradient_arrays, inputs, [tf.float32] * len(arguments), stateful=False)
        for bar, argument in zip(bars, arguments, strict=True):
            bar.set_shape(argument.shape)
        return bars

    return result, gradient


def solve_arrays(state: np.ndarray, data: np.ndarray, taps: np.ndarray, constants: np.ndarray) -> np.ndarray:
    """The state after the iterations of `taps`; float32 arrays shaped as in `ops.solver.solve`."""
    result = np.empty_like(state)
    (top, bottom), *others = _bands(*state.shape[1:3])
    step = max(1, (bottom - top) // ROWS_PER_EXCHANGE if others else len(taps))
    spare = result if step >= len(taps) else np.empty_like(state)
    for first in range(0, len(taps), step):
        state = _advance(state, data, taps[first : first + step], constants, result)
        result, spare = spare, result
    return state


def gradient_arrays(state, data, taps, constants, upstream) -> tuple[np.ndarray, ...]:
    """Gradients with respect to state, data, taps and constants, given that of the result."""
    segment = max(1, math.isqrt(len(taps)))
    starts = range(0, len(taps), segment)
    bar_state, spare, bar_data = np.empty_like(state), np.empty_like(state), np.zeros_like(data)
    sums = np.empty((len(taps), _adjoint().SUMS))
    with _floats(len(starts) * state.size) as floats:
        checkpoints = floats[: len(starts) * state.size].reshape((len(starts), *state.shape))
        checkpoints[0] = state
        for number, start in enumerate(starts[1:]):
            _advance(checkpoints[number], data, taps[start - segment : start], constants, checkpoints[number + 1])
        for start, here in zip(reversed(starts), checkpoints[::-1], strict=True):
            part = slice(start, start + segment)
            sums[part] = _pull_back(here, data, taps[part], constants, upstream, bar_state, bar_data)
            upstream, bar_state, spare = bar_state, spare, bar_state
    return upstream, bar_data, sums[:, :16].reshape(taps.shape).astype("float32"), _constants(sums, constants)


def _constants(sums: np.ndarray, constants: np.ndarray) -> np.ndarray:
    """Gradients of tau, lambda, theta from those of limit = lambda * theta, rate = tau / theta and the divergence."""
    tau, lambda_, theta = constants.astype("float64")
    limit, rate, divergence = sums[:, 16:].sum(axis=0)
    return np.array([rate / theta, limit * theta, divergence + limit * lambda_ - rate * tau / theta**2], "float32")


def _advance(state, data, taps, constants, result) -> np.ndarray:
    def run(images, rows):
        with _floats(band_floats(_widened(rows, len(taps), state), state.shape[3], 2, 0)) as floats:
            advance(state, data, taps, constants, result, images, rows, floats)

    _parallel(run, _shares(*state.shape[1:3]))
    return result


def _adjoint() -> ModuleType:
    # Numba compiles it for seconds when it is imported for the first time: who never trains need not wait.
    return importlib.import_module("tvnet_keras.ops.native_adjoint")


def _pull_back(state, data, taps, constants, upstream, bar_state, bar_data) -> np.ndarray:
    adjoint, shares = _adjoint(), _shares(*state.shape[1:3])
    sums = np.zeros((len(shares), len(taps), adjoint.SUMS))

    def run(images, rows, sums):
        count = _widened(rows, 2 * len(taps), state)
        with _floats(band_floats(count, state.shape[3], len(taps) + 1, adjoint.ADJOINT_FIELDS)) as floats:
            adjoint.pull_back(state, data, taps, constants, upstream, bar_state, bar_data, sums, images, rows, floats)

    _parallel(run, [(*share, part) for share, part in zip(shares, sums, strict=True)])
    return sums.sum(axis=0)


def _widened(rows: tuple[int, int], halo: int, state: np.ndarray) -> int:
    return min(state.shape[2], rows[1] + halo) - max(0, rows[0] - halo)


def _shares(images: int, height: int) -> list:
    """`((first, last + 1) image, (first, last + 1) row)` of every piece of work."""
    return list(itertools.product(_split(images, min(images, CHUNKS_PER_THREAD * threads())), _bands(images, height)))


def _bands(images: int, height: int) -> list[tuple[int, int]]:
    return _split(height, max(1, min(-(-threads() // max(images, 1)), height // SMALLEST_BAND)))


def _split(length: int, parts: int) -> list[tuple[int, int]]:
    cuts = [length * part // parts for part in range(parts + 1)] if parts else []
    return list(itertools.pairwise(cuts))


@functools.cache
def threads() -> int:
    """Threads the kernels use: TensorFlow's own setting, else the cores this process may run on."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return tf.config.threading.get_intra_op_parallelism_threads() or available


@functools.cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=threads(), thread_name_prefix="tvnet-native")


def _parallel(run: Callable, shares: list) -> None:
    """Runs every share. The caller works too, so that callers that keep the pool busy cannot block one another."""
    queue = deque(shares)

    def drain():
        with contextlib.suppress(IndexError):
            while True:
                share = queue.popleft()
                run(*share)

    helpers = [_pool().submit(drain) for _ in range(min(threads(), len(shares)) - 1)]
    drain()
    for helper in helpers:
        if not helper.cancel():
            helper.result()


_spare_floats: list[np.ndarray] = []


@contextlib.contextmanager
def _floats(count: int) -> Iterator[np.ndarray]:
    """Scratch memory, kept between calls: fresh pages cost as much as the iterations that would fill them."""
    try:
        floats = _spare_floats.pop()
    except IndexError:
        floats = np.empty(0, np.float32)
    if floats.size < count:
        floats = np.empty(count, np.float32)
    try:
        yield floats
    finally:
        _spare_floats.append(floats)
