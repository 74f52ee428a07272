"""Dense Inverse Search of OpenCV, preset medium (Kroeger et al., ECCV 2016)."""

from __future__ import annotations

import cv2

from tvnet_keras.flow.solvers.parts.solver import Solver, grey_pair

FORMS = ("dis",)


def make(numbers: tuple[int, ...]) -> Solver:
    """OpenCV's DIS with its defaults."""
    method = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return lambda frames: method.calc(*grey_pair(frames), None)
