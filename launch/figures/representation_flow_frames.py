"""Representation flow of the frames themselves beside TV-L1, as in the paper's Figures 1 and 5.

--input=video=FILE[,FILE]   clips, a row each
--input=run=FOLDER          a finished run of launch.train --method=representation_flow with --config.model.place=input,
                            whose learned layer is shown; without it the layer is untrained, with 100 iterations, which
                            the heading says
--input=frame=NUMBER        the frame shown; three frames are read from there on
--input=step=NUMBER         distance of neighbouring frames of the clip

The layer has a flow for each colour, of which the mean is shown. TV-L1 has 5 scales, 5 warps and 10 iterations. Its
flow of flow follows the pictures of x and of y motion by themselves (`models/parts/stored_motion.py`). Every flow is
saturated at the length below it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import keras
import numpy as np

from launch.figures.parts.clips import clip_at
from launch.figures.parts.numbers import whole_number
from launch.flow_report.pictures import Sheet, colour_code, longest_of
from launch.run.model import load_run
from models.parts.stored_motion import TWICE, StoredMotion
from models.representation_flow import RepresentationFlowClassifier
from tvnet_keras.errors import InputError
from tvnet_keras.flow.solvers import make_solver
from tvnet_keras.layers.flow_of_flow import FlowOfFlow
from tvnet_keras.layers.representation_flow import RepresentationFlow

FRAMES = 3
"""Two steps of flow, between which there is one of flow of flow."""

ITERATIONS = 100
SOLVER = "tvl1-5-5-10"

FRAME, CODE = "frame", "colour code"
TVL1, OURS = "TV-L1", "this layer"
AGAIN = ("TV-L1 of its x motion", "TV-L1 of its y motion")

Layer = Callable[[np.ndarray], np.ndarray]
"""A function of frames `[T, H, W, 3]`, uint8, to the flow `[H, W, 2]`, pixels, of the first two."""


def draw(*, video: str, run: str = "", frame: str = "20", step: str = "2") -> np.ndarray:
    """Draws a row per clip; the module's docstring has the inputs.

    Returns:
        uint8 `[H, W, 3]`, RGB.

    Raises:
        InputError: a file cannot be read, the run is of another kind, or a video lacks the frames.
    """
    first, distance = whole_number("frame", frame, 0), whole_number("step", step, 1)
    layer = _layer(run)
    sheet = Sheet([FRAME, TVL1, OURS, *AGAIN, CODE])
    for path in video.split(","):
        clip = clip_at(path, first, FRAMES, distance)
        flows = flows_of(clip, layer)
        lengths = {name: longest_of(None, [flow]) for name, flow in flows.items()}
        drawn = {name: flow / lengths[name] for name, flow in flows.items()} | {CODE: colour_code(1.0)}
        captions = {name: f"{length:.2g} px" for name, length in lengths.items()}
        captions[CODE] = "saturated at the length below each"
        sheet.add(f"{Path(path).stem}, frame {frame}", clip[0], drawn, captions, longest=1.0)
    return sheet.picture({OURS: f"{OURS}, {'trained' if run else 'untrained'}"})


def flows_of(clip: np.ndarray, layer: Layer) -> dict[str, np.ndarray]:
    """Every flow that is shown, by its title.

    Args:
        clip: uint8 `[3, H, W, 3]`, RGB.
        layer: representation flow of the frames.

    Returns:
        Flow `[H, W, 2]`, pixels of what it follows.
    """
    solve = make_solver(SOLVER)
    steps = np.stack([solve(clip[k : k + 2]) for k in range(FRAMES - 1)])
    again = StoredMotion(TWICE, bound=longest_of(None, list(steps)))
    # Its pictures are between -1 and 1.
    followed = again.flow_image.bound * _numpy(again(steps[None].astype("float32")))[0, 0]
    return {TVL1: steps[0], OURS: layer(clip), **dict(zip(AGAIN, np.split(followed, 2, axis=-1), strict=True))}


def _layer(run: str) -> Layer:
    if not run:
        flow = RepresentationFlow(None, ITERATIONS, output="flow")
        return lambda clip: _mean_flow(flow(clip[None, :2].astype("float32")))
    _, model, _ = load_run(Path(run))
    sees_frames = isinstance(model, RepresentationFlowClassifier) and model.stored is None
    if not sees_frames or model.flow is None or model.options.place != "input":
        raise InputError(f"--input=run={run} computes no representation flow of frames: give one of place=input.")
    network = model
    # Of flow of flow, the flow that follows the frames.
    first = model.flow.sequence[0] if isinstance(model.flow, FlowOfFlow) else model.flow
    trained = cast(RepresentationFlow, first)
    return lambda clip: _mean_flow(trained(network.scaling(network.unit_range(clip[None, :2]))))


def _mean_flow(flow: keras.KerasTensor) -> np.ndarray:
    """The mean over channels of `[1, 1, H, W, 2 C]`, u of every channel before v."""
    return np.stack([part.mean(axis=-1) for part in np.split(_numpy(flow)[0, 0], 2, axis=-1)], axis=-1)


def _numpy(flow: keras.KerasTensor) -> np.ndarray:
    return keras.ops.convert_to_numpy(flow)
