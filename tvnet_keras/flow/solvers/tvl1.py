"""TV-L1 of OpenCV (Zach et al. 2007; Sanchez et al., IPOL 2013)."""

import numpy as np

from tvnet_keras.flow.solvers.parts.solver import Solver, grey_pair, optflow, require_size

FORMS = ("tvl1", "tvl1-S-W-I")

ZOOM = 0.5
"""Size ratio of neighbouring levels for tvl1-S-W-I, as in TVNet; OpenCV's own 0.8 spans far less with few levels."""


def make(numbers: tuple[int, ...]) -> Solver:
    """`tvl1`: OpenCV's defaults. `tvl1-S-W-I`: exactly S scales, W warps and I iterations, without medians.

    Raises:
        InputError: OpenCV was installed without its contributed modules.
    """
    method = optflow().DualTVL1OpticalFlow_create()
    if numbers:
        scales, warps, iterations = numbers
        method.setScalesNumber(scales)
        method.setWarpingsNumber(warps)
        method.setInnerIterations(iterations)
        method.setScaleStep(ZOOM)
        # OpenCV stops early, runs its iterations ten times over and filters in between unless told otherwise.
        method.setOuterIterations(1)
        method.setEpsilon(0)
        method.setMedianFiltering(1)

    def solve(frames: np.ndarray) -> np.ndarray:
        # In a single row OpenCV's derivatives read memory that is not the frame's: sometimes not a number.
        require_size("tvl1", frames, 2)
        return method.calc(*grey_pair(frames), None)

    return solve
