"""One pyramid level of TVNet: warps, each followed by its iterations."""

from keras import ops

from tvnet_keras.ops.tvl1.solver import STATE_FIELDS, solve
from tvnet_keras.ops.tvl1.variants import VARIANTS


def solve_level(variant: str, first, second, flow, kernels, constants, mode: str):
    """The flow of a level from that of the coarser one. The dual variables start at zero and last over the warps.

    Args:
        variant: a name from `VARIANTS`.
        first: `[N, H, W]`, grey, 0..255.
        second: `[N, H, W]`, grey, 0..255.
        flow: `[N, H, W, 2]`, pixels of this level.
        kernels: `[W, I, 8, 2]`, of every iteration of every warp.
        constants: `[3]`: tau, lambda, theta.
        mode: "portable" or "native".

    Returns:
        `[N, H, W, 2]`.
    """
    if mode == "native" and variant == "default":
        # Imported here because numba is optional.
        from tvnet_keras.ops.native import level as native_level

        return native_level.solve_level(first, second, flow, kernels, constants)
    dual = ops.zeros((STATE_FIELDS - 2, *ops.shape(first)), "float32")
    for warp in range(kernels.shape[0]):
        data = VARIANTS[variant].linearise(first, second, flow)
        state = solve(ops.concatenate([ops.moveaxis(flow, -1, 0), dual]), data, kernels[warp], constants, mode)
        flow, dual = ops.moveaxis(state[:2], 0, -1), state[2:]
    return flow
