"""What the families of solvers share."""

from collections.abc import Callable
from types import ModuleType

import cv2
import numpy as np

from tvnet_keras.errors import InputError

Solver = Callable[[np.ndarray], np.ndarray]
"""A function of two frames, uint8 `[2, H, W, 3]`, RGB, that returns their flow, float32 `[H, W, 2]`, in pixels."""


def grey_pair(frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both frames in 8-bit grey, as OpenCV's solvers take them."""
    first, second = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames)
    return first, second


def optflow() -> ModuleType:
    """OpenCV's contributed optical flow.

    Raises:
        InputError: OpenCV was installed without it.
    """
    # Another OpenCV package, installed later, hides the contributed modules: all of them share one folder.
    if not hasattr(cv2, "optflow"):
        raise InputError(
            "This OpenCV has no contributed modules; pip uninstall every opencv package, then "
            "pip install opencv-contrib-python-headless."
        )
    return cv2.optflow


def require_size(name: str, frames: np.ndarray, least: int) -> None:
    """Refuses frames with a side of fewer than `least` pixels, which a method reads beyond.

    Raises:
        InputError: the frames are smaller.
    """
    height, width = frames.shape[1:3]
    if min(height, width) < least:
        raise InputError(
            f"The solver {name!r} cannot treat frames of {width} x {height} pixels (it needs {least} x {least}); "
            "give larger ones."
        )
