"""The loop over TV-L1 iterations: one compiled loop forward, one backward, whatever the number of iterations.

The state travels as one tensor `[6, N, H, W]` (u1, u2, p11, p12, p21, p22), the data term as `[3, N, H, W]`
(rho_c, gx, gy) and the kernels as `[iterations, groups, 8, 2]`, so that the graph holds one iteration instead of fifty.
"""

import functools

import keras
from keras import ops

from tvnet_keras.ops.differentiable import differentiable
from tvnet_keras.ops.native_mode import use_native
from tvnet_keras.ops.tvl1 import Constants, DataTerm, iteration
from tvnet_keras.ops.tvl1_adjoint import SUMS, iteration_adjoint, sum_gradients

STATE_FIELDS = 6


def solve(state, data, taps, constants, mode: str = "auto"):
    """Runs `taps.shape[0]` TV-L1 iterations. Differentiable in all four arguments.

    Args:
        state: `[6, N, H, W]`, float32: flow (u1, u2) in pixels and the dual variables.
        data: `[3, N, H, W]`, float32: rho_c, gx, gy for frames in 0..255.
        taps: `[iterations, 8, 2]`, float32: the kernels of every iteration, ordered as in `tvl1.iteration`; or
            `[iterations, G, 8, 2]`, where image n has those of group n modulo G (G divides N).
        constants: `[3]`, float32: tau, lambda, theta, all positive.
        mode: "portable" (backend operations; compiles, exports, runs on GPUs), "native" (fused CPU kernels, needs
            numba and TensorFlow) or "auto" (native where it is valid and never in an exported graph; see
            `native_mode`). All give the same numbers.

    Returns:
        `[6, N, H, W]`, the state after the last iteration.

    Raises:
        InputError: an unknown mode, or "native" where it cannot work.
    """
    if len(taps.shape) == 3:
        taps = ops.expand_dims(taps, 1)
    if use_native(mode):
        # Imported here because numba is optional and takes a second to load.
        from tvnet_keras.ops import native

        return native.solve(state, data, taps, constants)
    return _portable()(state, data, taps, constants)


@functools.cache
def _portable():
    return differentiable(_forward, _backward)


def _forward(state, data, taps, constants):
    _share_sizes(state, data)
    step = _stepper(data, taps, constants)
    return ops.stack(ops.fori_loop(0, taps.shape[0], step, _fields(state)))


def _share_sizes(*tensors) -> None:
    """Lets every tensor `[F, N, H, W]` know of its size what any of them does.

    TensorFlow calls a function that it traced for unknown sizes with known ones too; its result then says nothing of
    them, and the carry of a loop over one image would seem to change its shape.
    """
    if keras.backend.backend() != "tensorflow":
        return
    size = functools.reduce(lambda known, tensor: known.merge_with(tensor.shape[1:]), tensors, tensors[0].shape[1:])
    for tensor in tensors:
        tensor.set_shape(tensor.shape[:1].concatenate(size))


def _stepper(data, taps, constants):
    data, constants = DataTerm(*_fields(data)), Constants(*_fields(constants))
    return lambda k, state: iteration(state, data, _taps_of_images(taps[k], state[0]), constants)


def _taps_of_images(taps, field):
    """The kernels `[8, 2]` of all images, or `[8, 2, N, 1, 1]` where there are groups, from `[G, 8, 2]`."""
    groups = taps.shape[0]
    if groups == 1:
        return taps[0]
    taps = ops.tile(ops.moveaxis(taps, 0, 2), (1, 1, ops.shape(field)[0] // groups))
    return taps[..., None, None]


def _trajectory(state, data, taps, constants):
    """The six fields of the state before every iteration, each `[iterations, N, H, W]`."""
    step = _stepper(data, taps, constants)

    def store(k, carry):
        state, tables = carry
        return step(k, state), tuple(_write(table, k, field) for table, field in zip(tables, state, strict=True))

    fields = _fields(state)
    tables = tuple(ops.zeros((taps.shape[0], *ops.shape(field)), field.dtype) for field in fields)
    return ops.fori_loop(0, taps.shape[0], store, (fields, tables))[1]


def _backward(state, data, taps, constants, upstream):
    _share_sizes(state, data, upstream)
    # The trajectory is computed again rather than kept from the forward pass: inference then stores nothing,
    # and a training step holds it only while this function runs.
    tables = _trajectory(state, data, taps, constants)
    data, constants = DataTerm(*_fields(data)), Constants(*_fields(constants))
    iterations, groups = taps.shape[:2]
    last = iterations - 1

    def step(i, carry):
        bar_state, bar_data, sums = carry
        k = last - i
        state_k = tuple(table[k] for table in tables)
        own_taps = _taps_of_images(taps[k], bar_state[0])
        gradient = iteration_adjoint(state_k, data, own_taps, constants, bar_state, groups)
        bar_data = tuple(a + b for a, b in zip(bar_data, gradient.data, strict=True))
        return gradient.state, bar_data, _write(sums, k, gradient.sums)

    start = (
        _fields(upstream),
        tuple(ops.zeros_like(field) for field in data),
        ops.zeros((iterations, SUMS, groups, ops.shape(state)[-1]), state.dtype),
    )
    bar_state, bar_data, sums = ops.fori_loop(0, iterations, step, start)
    return ops.stack(bar_state), ops.stack(bar_data), *sum_gradients(sums, constants)


def _write(table, k, row):
    if keras.backend.backend() == "torch":
        # There `slice_update` copies the whole table; nothing differentiates through these loops, so in place is safe.
        table[k] = row
        return table
    return ops.slice_update(table, [k] + [0] * (len(table.shape) - 1), row[None])


def _fields(tensor):
    return tuple(tensor[k] for k in range(tensor.shape[0]))
