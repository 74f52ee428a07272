"""The steps of TV-L1 that have a native form, under the names and with the arguments of `ops.tvl1.solver.Steps`."""

from tvnet_keras.ops.native.frames import smooth_pairs
from tvnet_keras.ops.native.level import solve_level
from tvnet_keras.ops.native.resize import resize_align_corners_bilinear
from tvnet_keras.ops.native.solve import solve

__all__ = ["resize_align_corners_bilinear", "smooth_pairs", "solve", "solve_level"]
