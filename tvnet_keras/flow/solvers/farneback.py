"""Polynomial expansion of OpenCV (Farneback, SCIA 2003)."""

from typing import Any

import cv2

from tvnet_keras.flow.solvers.parts.solver import Solver, grey_pair

FORMS = ("farneback",)


def make(numbers: tuple[int, ...]) -> Solver:
    """OpenCV's Farneback with its defaults."""
    method = cv2.FarnebackOpticalFlow.create()
    # No flow to start from, which OpenCV's annotations do not allow for.
    none: Any = None
    return lambda frames: method.calc(*grey_pair(frames), none)
