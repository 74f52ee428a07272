"""A preset of TVNet on what it has never seen, beside TV-L1 and the untrained TVNet of its numbers.

--input=preset=NAME           one of tvnet_keras.presets.names()
--input=middlebury=DIR        the folder of other-data and other-gt-flow
--input=video=FILE            a clip, such as one of UCF101's test list
--input=pairs=NAME,NAME       of Middlebury
--input=frame=NUMBER
"""

from pathlib import Path

import numpy as np

from launch.figures.parts.solver_rows import add_row, pair_of_video
from launch.flow_report.inputs import choose_pairs, make_solvers
from launch.flow_report.pictures import FRAME, TRUTH, Sheet
from tvnet_keras import presets
from tvnet_keras.flow.pairs import load

CLASSICAL = "tvl1-5-5-50"
"""The classical solver beside TVNet."""


def draw(
    *, preset: str, middlebury: str, video: str, pairs: str = "Grove2,RubberWhale,Urban3", frame: str = "20"
) -> np.ndarray:
    """Draws frame, ground truth, OpenCV's TV-L1, TVNet untrained and the preset; the module's docstring has the inputs.

    Returns:
        uint8 `[H, W, 3]`, RGB.

    Raises:
        InputError: a file cannot be read, there is no such preset or pair, or the video lacks the frame.
    """
    name = presets.load(preset).solver
    made = {
        f"OpenCV {CLASSICAL}": make_solvers([CLASSICAL])[CLASSICAL],
        f"{name} untrained": make_solvers([name])[name],
        preset: make_solvers([name], weights=preset)[name],
    }
    sheet = Sheet([FRAME, TRUTH, *made])
    for pair in choose_pairs(load("middlebury", middlebury), pairs.split(",")):
        add_row(sheet, pair, pair.name, made)
    add_row(sheet, pair_of_video(video, frame), Path(video).stem, made)
    return sheet.picture({TRUTH: "ground truth"})
