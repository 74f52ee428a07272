"""TVNet before and after training, beside TV-L1: a Middlebury pair with its end-point errors, a video with residuals.

--input=middlebury=DIR        the folder of other-data and other-gt-flow
--input=video=FILE            a clip of UCF101 (CLASS/FILE names it)
--input=weights=FILE          what `launch.reproduce --rows=tvnet-1-1-50.all.full` wrote
--input=video_weights=RUN     for the video: a classifier's run, whose TVNet is of the default variant; without it the
                              network trained on Middlebury
--input=pair=NAME, --input=frame=NUMBER, --input=solver=tvnet-S-W-I
"""

from pathlib import Path

import numpy as np

from launch.figures.parts.solver_rows import add_row, pair_of_video
from launch.flow_report.inputs import choose_pairs, make_solvers
from launch.flow_report.pictures import FRAME, TRUTH, Sheet
from tvnet_keras.flow import pairs
from tvnet_keras.flow.solvers import Solver

CLASSICAL = "tvl1-5-5-50"
"""The classical solver beside TVNet."""


def draw(
    *,
    middlebury: str,
    video: str,
    weights: str,
    video_weights: str = "",
    pair: str = "Hydrangea",
    frame: str = "20",
    solver: str = "tvnet-1-1-50",
) -> np.ndarray:
    """Draws frame, ground truth, OpenCV's TV-L1, TVNet untrained and trained; the module's docstring has the inputs.

    Returns:
        uint8 `[H, W, 3]`, RGB.

    Raises:
        InputError: a file cannot be read, the weights are of another network, or the video lacks the frame.
    """
    labels = (f"OpenCV {CLASSICAL}", f"{solver} untrained", f"{solver} trained")
    sheet = Sheet([FRAME, TRUTH, *labels])
    (known,) = choose_pairs(pairs.load("middlebury", middlebury), [pair])
    variant = "default" if video_weights else "official"
    rows = (
        (known, pair, _solvers(labels, solver, "official", weights)),
        (
            pair_of_video(video, frame),
            f"{Path(video).resolve().parent.name}/{Path(video).stem}",
            _solvers(labels, solver, variant, video_weights or weights),
        ),
    )
    for shown, name, made in rows:
        add_row(sheet, shown, name, made)
    return sheet.picture({TRUTH: "ground truth"})


def _solvers(labels: tuple[str, ...], name: str, variant: str, weights: str) -> dict[str, Solver]:
    classical = make_solvers([CLASSICAL])[CLASSICAL]
    untrained = make_solvers([name], variant=variant)[name]
    trained = make_solvers([name], variant=variant, weights=weights)[name]
    return dict(zip(labels, (classical, untrained, trained), strict=True))
