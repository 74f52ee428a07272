"""One pyramid level of TVNet in portable operations: warps, each followed by its iterations."""

import functools
from collections.abc import Callable

from keras import ops

from tvnet_keras.ops.differentiable import compile_with_gradient
from tvnet_keras.ops.gradients import central_gradient
from tvnet_keras.ops.median import median_filter
from tvnet_keras.ops.tvl1.formulae import STATE_FIELDS, data_term
from tvnet_keras.ops.warp import warp
from tvnet_keras.typing import Tensor


def solve_level(
    linearise: Callable,
    solve: Callable,
    first: Tensor,
    second: Tensor,
    flow: Tensor,
    kernels: Tensor,
    constants: Tensor,
    median_size: int = 0,
    detached: bool = False,
) -> Tensor:
    """The flow of a level from that of the coarser one. The dual variables start at zero and last over the warps.

    After the iterations of every warp, the last one too, u and v may each be filtered by a median. The dual variables
    stay as they are.

    Args:
        linearise: first frame, second frame and flow to the data term `[3, N, H, W]` at that flow.
        solve: state, data term, kernels `[I, G, 8, 2]` and constants to the state after I iterations.
        first: `[N, H, W]`, grey, 0..255.
        second: `[N, H, W]`, grey, 0..255.
        flow: `[N, H, W, 2]`, pixels of this level.
        kernels: `[W, I, 8, 2]`, of every iteration of every warp.
        constants: `[3]`: tau, lambda, theta.
        median_size: side of the filter's window, odd; 0 for none.
        detached: whether no gradient goes through the flow at which the data terms are taken.

    Returns:
        `[N, H, W, 2]`, pixels of this level.
    """
    dual = ops.zeros((STATE_FIELDS - 2, *ops.shape(first)), "float32")
    for warp_number in range(kernels.shape[0]):
        data = linearise(first, second, ops.stop_gradient(flow) if detached else flow)
        state = ops.concatenate([ops.moveaxis(flow, -1, 0), dual])
        state = solve(state, data, ops.expand_dims(kernels[warp_number], 1), constants)
        components, dual = state[:2], state[2:]
        if median_size:
            fields = ops.reshape(components, (-1, *ops.shape(first)[1:]))
            components = ops.reshape(median_filter(fields, median_size), (2, *ops.shape(first)))
        flow = ops.moveaxis(components, 0, -1)
    return flow


def linearise(first: Tensor, second: Tensor, flow: Tensor, taps: Tensor | None = None) -> Tensor:
    """The data term `[3, N, H, W]` at a flow: `ops.warp` samples the second frame and its central differences.

    Args:
        first: `[N, H, W]`, grey, 0..255.
        second: `[N, H, W]`, grey, 0..255.
        flow: `[N, H, W, 2]`, pixels.
        taps: `[2, 3]`, the weights of `ops.gradients.central_gradient` where they are learned.
    """
    learned = () if taps is None else (taps,)
    return _compiled_linearise(bool(learned))(first, second, flow, *learned)


@functools.cache
def _compiled_linearise(learned: bool) -> Callable:
    # One for learned taps and one without: each is compiled for a few sizes only.
    return compile_with_gradient(linearise_by(warp))


def linearise_by(sample: Callable) -> Callable:
    """`linearise` where `sample(images, flow)` warps the second frame and, together with it, its derivatives."""

    def linearise(first, second, flow, taps=None):
        warped = sample(ops.stack([second, *central_gradient(second, taps)], axis=-1), flow)
        return ops.stack(data_term(first, warped[..., 0], warped[..., 1], warped[..., 2], flow))

    return linearise
