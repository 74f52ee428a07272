"""The loop over TV-L1 iterations: one compiled loop forward, one backward, whatever the number of iterations.

The state travels as one tensor `[6, N, H, W]` (u1, u2, p11, p12, p21, p22), the data term as `[3, N, H, W]`
(rho_c, gx, gy) and the kernels as `[iterations, groups, 8, 2]`, so that the graph holds one iteration instead of fifty.
"""

from keras import ops

from tvnet_keras.ops.native.mode import use_native
from tvnet_keras.ops.tvl1 import portable

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
            `native.mode`). All give the same numbers.

    Returns:
        `[6, N, H, W]`, the state after the last iteration.

    Raises:
        InputError: an unknown mode, or "native" where it cannot work.
    """
    if len(taps.shape) == 3:
        taps = ops.expand_dims(taps, 1)
    if use_native(mode):
        # Imported here because numba is optional and takes a second to load.
        from tvnet_keras.ops.native import solve as native

        return native.solve(state, data, taps, constants)
    return portable.solve(state, data, taps, constants)
