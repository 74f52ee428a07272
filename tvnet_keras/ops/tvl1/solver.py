"""TV-L1's costly steps and how they are executed: natively or portably, which is decided here and nowhere else.

The state travels as one tensor `[6, N, H, W]` (u1, u2, p11, p12, p21, p22), the data term as `[3, N, H, W]`
(rho_c, gx, gy) and the kernels as `[iterations, groups, 8, 2]`, so that the graph holds one iteration instead of fifty.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

from keras import ops

from tvnet_keras.ops.native import native_operations
from tvnet_keras.ops.resize import resize_align_corners_bilinear
from tvnet_keras.ops.tvl1 import portable
from tvnet_keras.ops.tvl1.frames import smooth_pairs
from tvnet_keras.ops.tvl1.level import linearise, solve_level
from tvnet_keras.typing import Dimension, Tensor


class Steps(NamedTuple):
    """The steps of TV-L1 that have a portable and a native form. Both give the same numbers and gradients."""

    smooth_pairs: Callable[[Tensor, tuple[float, float]], tuple[Tensor, Tensor]]
    """Clip `[B, T, H, W, C]` and value range to the first and second grey frames, each `[B, T - 1, H, W]`, 0..255."""
    solve: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
    """State, data term, kernels `[I, G, 8, 2]` and constants to the state after I iterations."""
    solve_level: Callable[[Tensor, Tensor, Tensor, Tensor, Tensor, int, bool], Tensor]
    """First and second grey frames, flow, kernels `[W, I, 8, 2]`, constants, the side of the median filter (0 for none)
    and whether the data terms are detached from the flow, to the flow after W warps."""
    resize: Callable[[Tensor, Dimension, Dimension], Tensor]
    """Images `[N, H, W, C]`, height and width to `ops.resize.resize_align_corners_bilinear` of them."""


PORTABLE = Steps(
    smooth_pairs,
    portable.solve,
    functools.partial(solve_level, linearise, portable.solve),
    resize_align_corners_bilinear,
)


def steps_of(mode: str) -> Steps:
    """The steps as they are executed where this is called: eagerly, or in the graph that is being traced.

    Args:
        mode: "portable" (backend operations; compiles, exports, runs on GPUs), "native" (fused CPU kernels, needs
            numba and TensorFlow) or "auto" (native where it is valid and never in an exported graph).

    Raises:
        InputError: an unknown mode, or "native" where it cannot work; the sentence says why.
    """
    native = native_operations(mode)
    if native is None:
        return PORTABLE
    return Steps(native.smooth_pairs, native.solve, native.solve_level, native.resize_align_corners_bilinear)


def solve(state: Tensor, data: Tensor, taps: Tensor, constants: Tensor, mode: str = "auto") -> Tensor:
    """Runs `taps.shape[0]` TV-L1 iterations. It is differentiable once, in all four arguments.

    Args:
        state: `[6, N, H, W]`, float32: flow (u1, u2) in pixels and the dual variables.
        data: `[3, N, H, W]`, float32: rho_c, gx, gy for frames in 0..255.
        taps: `[iterations, 8, 2]`, float32: the kernels of every iteration, ordered as in `formulae.iteration`; or
            `[iterations, G, 8, 2]`, where image n has the kernels of group n modulo G (G divides N).
        constants: `[3]`, float32: tau, lambda, theta, all positive.
        mode: how the iterations are executed, as in `steps_of`.

    Returns:
        `[6, N, H, W]`, the state after the last iteration.

    Raises:
        InputError: an unknown mode, or "native" where it cannot work.
    """
    if len(taps.shape) == 3:
        taps = ops.expand_dims(taps, 1)
    return steps_of(mode).solve(state, data, taps, constants)
