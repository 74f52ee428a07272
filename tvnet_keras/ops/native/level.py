"""One pyramid level of TVNet as a single TensorFlow operation on the CPU: warp, iterate, warp again.

Every operation of a graph wakes threads and reshapes arrays, which would take a third of the time of the iterations.
"""

import functools
import importlib
import itertools
from collections.abc import Callable
from types import ModuleType

import numpy as np

from tvnet_keras.ops.native import linearise
from tvnet_keras.ops.native import solve as native
from tvnet_keras.ops.native.differentiable import differentiable_operation
from tvnet_keras.ops.native.forward import CONST_FIELDS, FIELDS, RANGE
from tvnet_keras.ops.native.kernel import kernel
from tvnet_keras.ops.native.memory import borrow
from tvnet_keras.ops.native.threads import parallel, shares
from tvnet_keras.ops.native.warps import solve_warps
from tvnet_keras.ops.tvl1.formulae import STATE_FIELDS
from tvnet_keras.typing import Tensor


def solve_level(
    first: Tensor,
    second: Tensor,
    flow: Tensor,
    kernels: Tensor,
    constants: Tensor,
    median_size: int = 0,
    detached: bool = False,
) -> Tensor:
    """`ops.tvl1.level.solve_level` with the default variant's warp; differentiable once in its five tensors."""
    return _operation(median_size, detached)(first, second, flow, kernels, constants)


@functools.cache
def _operation(median_size: int, detached: bool) -> Callable[..., Tensor]:
    return differentiable_operation(
        functools.partial(_forward, median_size),
        functools.partial(_backward, median_size, detached),
        like=2,
        kept_arrays=lambda first, second, flow, kernels, constants: 2 * kernels.shape[0],
    )


def _median() -> ModuleType:
    # Numba compiles it for seconds when it is first imported, and few ask for the filter.
    return importlib.import_module("tvnet_keras.ops.native.median")


def _forward(
    median_size: int,
    keep: bool,
    first: np.ndarray,
    second: np.ndarray,
    flow: np.ndarray,
    kernels: np.ndarray,
    constants: np.ndarray,
) -> list[np.ndarray]:
    """The flow, and for every warp its data term and the states that `native.solve_and_keep` would keep."""
    state = _joined(flow, np.empty((0, *first.shape), np.float32))
    samples, kept = linearise.sampled(second), []
    # The filter takes whole images: with one, every warp is a run of its own.
    runs = kernels[:, None] if median_size else kernels[None]
    for number, warps in enumerate(runs):
        fields = 2 if number == len(runs) - 1 else STATE_FIELDS
        state, *arrays = solve_warps(keep, first, samples, state, warps, constants, fields)
        state = _median().filter_flow(state, median_size) if median_size else state
        kept += itertools.chain(*zip(*arrays, strict=True))
    # Where nothing is kept TensorFlow still gets its arrays, which are empty.
    return [_flow_of(state), *(kept if keep else [np.empty(0, np.float32)] * (2 * len(kernels)))]


def _backward(
    median_size: int,
    detached: bool,
    first: np.ndarray,
    second: np.ndarray,
    flow: np.ndarray,
    kernels: np.ndarray,
    constants: np.ndarray,
    upstream: np.ndarray,
    *kept: np.ndarray,
) -> list[np.ndarray]:
    if not len(kept[1]):
        kept = tuple(_forward(median_size, True, first, second, flow, kernels, constants)[1:])
    bar_first, bar_second = np.zeros_like(first), np.zeros_like(second)
    bar_kernels, bar_constants = np.empty_like(kernels), np.zeros_like(constants)
    bar_flow, bar_dual = upstream, np.empty((0, *first.shape), np.float32)
    for warp in reversed(range(len(kernels))):
        data, states = kept[2 * warp : 2 * warp + 2]
        bar_state = _joined(bar_flow, bar_dual)
        if median_size:
            _median().pull_back(states[-1], bar_state, median_size)
        bar_state, bar_data, bar_taps, bar = native.gradient_arrays(
            states[0], data, kernels[warp][:, None], constants, bar_state, states
        )
        bar_kernels[warp] = bar_taps[:, 0]
        start = flow if warp == 0 else _flow_of(states[0])
        bars = linearise.pull_back(first, second, start, bar_data)
        bar_flow, bar_dual = _flow_of(bar_state), bar_state[2:]
        if not detached:
            bar_flow += bars[2]
        bar_constants += bar
        bar_first, bar_second = (bars[0], bars[1]) if len(kernels) == 1 else (bar_first + bars[0], bar_second + bars[1])
    return [bar_first, bar_second, bar_flow, bar_kernels, bar_constants]


def _joined(flow: np.ndarray, dual: np.ndarray) -> np.ndarray:
    """`[2 + D, N, H, W]` from flow `[N, H, W, 2]` and dual variables `[D, N, H, W]`."""
    state = borrow((2 + len(dual), *flow.shape[:3]))
    parallel(lambda images, rows: _join(flow, dual, state, images, rows), shares(*flow.shape[:2]))
    return state


def _flow_of(state: np.ndarray) -> np.ndarray:
    flow = borrow((*state.shape[1:], 2))
    parallel(lambda images, rows: _split(state, flow, images, rows), shares(*flow.shape[:2]))
    return flow


@kernel((CONST_FIELDS, CONST_FIELDS, FIELDS, RANGE, RANGE))
def _join(flow, dual, state, images, rows):
    for image in range(images[0], images[1]):
        for y in range(rows[0], rows[1]):
            for x in range(flow.shape[2]):
                state[0, image, y, x], state[1, image, y, x] = flow[image, y, x, 0], flow[image, y, x, 1]
            for field in range(dual.shape[0]):
                for x in range(flow.shape[2]):
                    state[2 + field, image, y, x] = dual[field, image, y, x]


@kernel((CONST_FIELDS, FIELDS, RANGE, RANGE))
def _split(state, flow, images, rows):
    for image in range(images[0], images[1]):
        for y in range(rows[0], rows[1]):
            for x in range(flow.shape[2]):
                flow[image, y, x, 0], flow[image, y, x, 1] = state[0, image, y, x], state[1, image, y, x]
