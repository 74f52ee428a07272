"""The solver's portable mode: one compiled loop over the iterations forward, one backward, in backend operations.

The loops hold one iteration in the graph instead of fifty. Shapes and fields are as in `ops.tvl1.solver`.
"""

import functools
from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from tvnet_keras.ops.compilation import compiles_for_cpu
from tvnet_keras.ops.differentiable import differentiable
from tvnet_keras.ops.tracing import stays_in_this_process
from tvnet_keras.ops.tvl1.adjoint import (
    SUMS_PER_ITERATION,
    Pairs,
    iteration_adjoint,
    joined,
    linearised,
    pairs_of,
    sum_gradients,
    taps_of_images,
)
from tvnet_keras.ops.tvl1.formulae import Constants, DataTerm, State, iteration
from tvnet_keras.typing import Dimension, Tensor

LARGE_IMAGE = 2**14
"""Pixels from which a field of one image takes a noticeable part of a CPU's cache (64 KiB)."""

# Margins (top, left) of the tables of u, px and py: px is needed one pixel to the left too, py one pixel above. Cut out
# of a table with a margin of zeros both are slices; padding a slice costs XLA a branch per pixel.
_MARGINS = ((0, 0), (0, 1), (1, 0))


def solve(state: Tensor, data: Tensor, taps: Tensor, constants: Tensor) -> Tensor:
    """`ops.tvl1.solver.solve` in portable operations, with taps `[I, G, 8, 2]`."""
    return _differentiable(stays_in_this_process(), tuple(taps.shape))(state, data, taps, constants)


@functools.cache
def _differentiable(local: bool, taps_shape: tuple) -> Callable[..., Tensor]:
    """The solver for graphs of this process (`local`), which suit its devices, or for graphs that may run elsewhere.

    The two are compiled apart, because an export would otherwise find the graphs that were traced for this machine. So
    are kernels of other shapes, because the numbers of iterations and groups have to be known.
    """
    return differentiable(_forward, _backward) if local else differentiable(_forward_together, _backward_together)


def _forward(state: Tensor, data: Tensor, taps: Tensor, constants: Tensor) -> Tensor:
    _share_sizes(state, data)
    if not _one_by_one(state, taps):
        return _advance(state, data, taps, constants)

    def run(n, result):
        return ops.slice_update(result, (0, n, 0, 0), _advance(_image(state, n), _image(data, n), taps, constants))

    return ops.fori_loop(0, ops.shape(state)[1], run, ops.zeros_like(state))


def _forward_together(state: Tensor, data: Tensor, taps: Tensor, constants: Tensor) -> Tensor:
    _share_sizes(state, data)
    return _advance(state, data, taps, constants)


def _advance(state: Tensor, data: Tensor, taps: Tensor, constants: Tensor) -> Tensor:
    return ops.stack(ops.fori_loop(0, taps.shape[0], _stepper(data, taps, constants), _fields(state)))


def _one_by_one(state: Tensor, taps: Tensor) -> bool:
    """Whether images are solved one after the other, which is asked in graphs of this process only.

    A CPU's cache holds the fields of one large image, but not the fields of a batch. Small images are solved together.
    """
    height, width = state.shape[2:]
    known = isinstance(height, int) and isinstance(width, int)
    return known and height * width >= LARGE_IMAGE and state.shape[1] != 1 and taps.shape[1] == 1 and compiles_for_cpu()


def _image(fields: Tensor, n: Dimension) -> Tensor:
    return ops.slice(fields, (0, n, 0, 0), (fields.shape[0], 1, *fields.shape[2:]))


def _share_sizes(*tensors: Any) -> None:
    """Gives every tensor `[F, N, H, W]` the sizes that are known of any of them.

    TensorFlow calls a function that it traced for unknown sizes with known sizes too. The result of the function then
    says nothing of the known sizes, and the carry of a loop over one image would seem to change its shape.
    """
    if keras.backend.backend() != "tensorflow":
        return
    size = functools.reduce(lambda known, tensor: known.merge_with(tensor.shape[1:]), tensors, tensors[0].shape[1:])
    for tensor in tensors:
        tensor.set_shape(tensor.shape[:1].concatenate(size))


def _stepper(data: Tensor, taps: Tensor, constants: Tensor) -> Callable[[Dimension, State], State]:
    term, scalars = DataTerm(*_fields(data)), Constants(*_fields(constants))
    return lambda k, state: iteration(state, term, _taps_of_images(taps[k], state[0]), scalars)


def _taps_of_images(taps: Tensor, field: Tensor) -> Tensor:
    """The kernels `[8, 2]` of all images, or `[8, 2, N, 1, 1]` where there are groups, from `[G, 8, 2]`."""
    groups = taps.shape[0]
    if groups == 1:
        return taps[0]
    taps = ops.tile(ops.moveaxis(taps, 0, 2), (1, 1, ops.shape(field)[0] // groups))
    return taps[..., None, None]


def _backward(state: Tensor, data: Tensor, taps: Tensor, constants: Tensor, upstream: Tensor) -> tuple[Tensor, ...]:
    """Gradients of all arguments.

    The states are computed again rather than kept from the forward pass: inference then stores nothing, and a training
    step holds them only while this function runs.
    """
    _share_sizes(state, data, upstream)
    if not _one_by_one(state, taps):
        return _backward_together(state, data, taps, constants, upstream)

    def run(n, carry):
        (bar_state, bar_data, *shared), tables = carry
        own, tables = _pull_back(_image(state, n), _image(data, n), taps, constants, _image(upstream, n), tables)
        bar_state = ops.slice_update(bar_state, (0, n, 0, 0), own[0])
        bar_data = ops.slice_update(bar_data, (0, n, 0, 0), own[1])
        return (bar_state, bar_data, *(a + b for a, b in zip(shared, own[2:], strict=True))), tables

    start = tuple(ops.zeros_like(argument) for argument in (state, data, taps, constants))
    return ops.fori_loop(0, ops.shape(state)[1], run, (start, _tables(_image(state, 0), taps)))[0]


def _backward_together(
    state: Tensor, data: Tensor, taps: Tensor, constants: Tensor, upstream: Tensor
) -> tuple[Tensor, ...]:
    _share_sizes(state, data, upstream)
    return _pull_back(state, data, taps, constants, upstream, _tables(state, taps))[0]


def _tables(state: Tensor, taps: Tensor) -> Pairs:
    """Places for the states before every iteration, each `[iterations, 2, N, H + top, W + left]`."""
    images, height, width = ops.shape(state)[1:]
    return Pairs(
        *(ops.zeros((taps.shape[0], 2, images, height + top, width + left), state.dtype) for top, left in _MARGINS)
    )


def _pull_back(
    state: Tensor, data: Tensor, taps: Tensor, constants: Tensor, upstream: Tensor, tables: Pairs
) -> tuple[tuple[Tensor, ...], Pairs]:
    """The gradients, and the tables with the states of these images."""
    tables = _trajectory(state, tables, data, taps, constants)
    adjoint = _adjoint_stepper(tables, data, taps, constants)
    iterations, groups = taps.shape[:2]
    start = (
        pairs_of(upstream),
        (ops.zeros_like(data[0]), ops.zeros_like(data[1:])),
        ops.zeros((iterations, SUMS_PER_ITERATION, groups, ops.shape(state)[2]), state.dtype),
    )
    bars = ops.fori_loop(0, iterations, lambda i, bars: adjoint(iterations - 1 - i, bars), start)
    bar_state, (bar_rho, bar_gradient), sums = bars
    shared = sum_gradients(sums, taps, Constants(*_fields(constants)))
    return (joined(bar_state), ops.concatenate([bar_rho[None], bar_gradient]), *shared), tables


def _trajectory(state: Tensor, tables: Pairs, data: Tensor, taps: Tensor, constants: Tensor) -> Pairs:
    step = _stepper(data, taps, constants)

    def store(k, carry):
        state, tables = carry
        rows = zip(tables, pairs_of(state), _MARGINS, strict=True)
        return step(k, state), Pairs(*(_write(table, (k, 0, 0, *margin), pair) for table, pair, margin in rows))

    return ops.fori_loop(0, taps.shape[0], store, (_fields(state), tables))[1]


def _adjoint_stepper(tables: Pairs, data: Tensor, taps: Tensor, constants: Tensor) -> Callable[..., Any]:
    term, scalars = linearised(data), Constants(*_fields(constants))
    groups, taps = taps.shape[1], taps_of_images(taps, ops.shape(term.rho_c)[0])

    def step(k, bars):
        bar_state, bar_data, sums = bars
        u, px, py = (table[k] for table in tables)
        state, px_left, py_above = Pairs(u, px[..., 1:], py[..., 1:, :]), px[..., :-1], py[..., :-1, :]
        gradient = iteration_adjoint(state, px_left, py_above, term, taps[k], scalars, bar_state, groups)
        bar_data = tuple(a + b for a, b in zip(bar_data, gradient.data, strict=True))
        return gradient.state, bar_data, _write(sums, (k, 0, 0, 0), gradient.sums)

    return step


def _write(table: Any, start: tuple[Dimension, ...], row: Tensor) -> Tensor:
    """`table` with `row` in place of what lies from `start` on along the axes after the first."""
    if keras.backend.backend() == "torch":
        # There `slice_update` copies the whole table; nothing differentiates through these loops, so in place is safe.
        part = (slice(first, first + length) for first, length in zip(start[1:], row.shape, strict=True))
        table[start[0], *part] = row
        return table
    return ops.slice_update(table, start, row[None])


def _fields(tensor: Tensor) -> tuple[Tensor, ...]:
    return tuple(tensor[k] for k in range(tensor.shape[0]))
