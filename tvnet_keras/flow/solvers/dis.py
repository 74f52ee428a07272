"""Dense Inverse Search of OpenCV, preset medium (Kroeger et al., ECCV 2016)."""

from typing import Any

import cv2

from tvnet_keras.flow.solvers.parts.solver import Solver, grey_pair

FORMS = ("dis",)


def make(numbers: tuple[int, ...]) -> Solver:
    """OpenCV's DIS with its defaults."""
    method = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    # No flow to start from, which OpenCV's annotations do not allow for.
    none: Any = None
    return lambda frames: method.calc(*grey_pair(frames), none)
