"""Dense Inverse Search of OpenCV in its three presets (Kroeger et al., ECCV 2016)."""

from typing import Any

import cv2

from tvnet_keras.flow.solvers.parts.solver import Solver, grey_pair

PRESETS = {
    "dis-ultrafast": (cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST,),
    "dis-fast": (cv2.DISOPTICAL_FLOW_PRESET_FAST,),
    "dis-medium": (cv2.DISOPTICAL_FLOW_PRESET_MEDIUM,),
}

FORMS = ("dis", *PRESETS)


def make(numbers: tuple[int, ...]) -> Solver:
    """OpenCV's DIS with the defaults of a preset; `dis` is `dis-medium`.

    Args:
        numbers: OpenCV's number of the preset; none is that of the preset medium.
    """
    (preset,) = numbers or PRESETS["dis-medium"]
    method = cv2.DISOpticalFlow.create(preset)
    # No flow to start from, which OpenCV's annotations do not allow for.
    none: Any = None
    return lambda frames: method.calc(*grey_pair(frames), none)
