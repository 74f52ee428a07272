"""TVNet in front of an action classifier, as in the paper's Figure 4: frame, TV-L1, TVNet untrained and trained.

--input=run=RUN               the folder of a trained classifier with TVNet
--input=videos=FILE,FILE      clips
--input=frame=NUMBER          the first frame of the pair (default 20)

Frames are shown, and their flow is computed, at the size at which the network sees them. The caption of a flow is its
residual in grey levels; that of the frame is the residual of no flow, and the length of a saturated colour.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from launch.figures.parts.clips import clip_at
from launch.figures.parts.numbers import whole_number
from launch.flow_report.comparison import measure_pair, solve_pair
from launch.flow_report.pictures import FRAME, Sheet, captions, longest_of
from launch.run.inference import as_graph
from launch.run.model import build_model, load_run
from launch.run.recipes import test_clip_recipe
from models import motion_of
from tvnet_keras.errors import InputError
from tvnet_keras.flow.solvers import Solver, make_solver
from tvnet_keras.video.augment import test_views

CLASSICAL = "tvl1-5-5-50"
"""The classical solver beside TVNet."""


def draw(*, run: str, videos: str, frame: str = "20") -> np.ndarray:
    """Draws a row per clip; the module's docstring has the inputs.

    Returns:
        uint8 `[H, W, 3]`, RGB.

    Raises:
        InputError: the run has no TVNet, a file cannot be read, or a clip lacks the frame.
    """
    config, model, class_names = load_run(Path(run))
    trained, untrained = motion_of(model), motion_of(build_model(config, len(class_names)))
    if trained is None or untrained is None:
        raise InputError(f"--input=run={run} has no TVNet: its method is {config.method}.")
    first = whole_number("frame", frame, 0)
    made: dict[str, Solver] = {
        f"OpenCV {CLASSICAL}": make_solver(CLASSICAL),
        "TVNet untrained": _solver(as_graph(untrained)),
        "TVNet trained": _solver(as_graph(trained)),
    }
    sheet, recipe = Sheet([FRAME, *made]), test_clip_recipe(config.data)
    for path in videos.split(","):
        pair, _ = test_views(clip_at(path, first, 2), recipe)
        flows, seconds = solve_pair(pair[0], made, set())
        measured = measure_pair(pair[0], None, flows, seconds)
        longest = longest_of(None, list(flows.values()))
        name = f"no flow: {measured['photometric_zero']:.2f}; saturated at {longest:.1f} px"
        sheet.add(name, pair[0, 0], flows, captions(measured), longest)
    return sheet.picture({})


def _solver(motion: Callable) -> Solver:
    return lambda frames: motion(frames[None]).numpy()[0, 0]
