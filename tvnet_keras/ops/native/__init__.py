"""TV-L1's steps compiled by numba for CPUs, with their adjoints; they give the same numbers as the portable ones.

This page is the face of the package: other packages import from here, and from none of its modules.

* `MODES`: the words for how TV-L1's steps are executed.
* `native_operations(mode)`: the native steps (`operations`: `smooth_pairs`, `solve`, `solve_level`,
  `resize_align_corners_bilinear`), or None where the portable ones are to run. `ops.tvl1.solver.steps_of` is its only
  caller, so that the choice stands in one place.

Behind the face: `mode` decides. `frames`, `resize`, `solve` (with `forward` and `adjoint`) and `level` (with `warps`,
`linearise` and `median`) are the steps, which `differentiable` makes operations of TensorFlow. `kernel` says how numba
compiles them, `memory` and `threads` what they run in.
"""

from tvnet_keras.ops.native.mode import MODES, native_operations

__all__ = ["MODES", "native_operations"]
