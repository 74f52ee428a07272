"""What representation flow sees, as in the paper's Fig. 7: the flow of several channels of features, and flow of flow.

--input=video=FILE[,FILE]   clips, a row each
--input=run=FOLDER          a finished run of launch.train --method=representation_flow; without it the network is
                            untrained, which the headings say. A run with --config.model.flows=flow has no flow of
                            flow of its own; an untrained layer computes it then. A 3D network, which shortens
                            clips, must leave three steps where its flow is computed
--input=frame=NUMBER        the frame shown; the clip begins there
--input=step=NUMBER         distance of neighbouring frames of the clip
"""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import keras
import numpy as np

import models.representation_flow as representation_flow
from launch.figures.parts.clips import clip_at
from launch.figures.parts.numbers import whole_number
from launch.flow_report.pictures import Sheet, colour_code, longest_of
from launch.run.model import load_run
from models.representation_flow import RepresentationFlowClassifier
from tvnet_keras.errors import InputError
from tvnet_keras.layers.flow_of_flow import FlowOfFlow
from tvnet_keras.layers.representation_flow import RepresentationFlow
from tvnet_keras.typing import Tensor
from tvnet_keras.video.augment import test_views
from tvnet_keras.video.recipe import ViewRecipe

CHANNELS = 3
"""Number of channels of the flow, and of the flow of flow, that are shown: those that move most."""

UNTRAINED_CLIP = (4, 224, 224, 3)
CLASSES = 101
FRAME, CODE = "frame", "colour code"
LEVELS = ("flow", "flow of flow")


def draw(*, video: str, run: str = "", frame: str = "20", step: str = "2") -> np.ndarray:
    """Draws every clip's first frame, and flow and flow of flow from there on; the module's docstring has the inputs.

    Returns:
        uint8 `[H, W, 3]`, RGB.

    Raises:
        InputError: a file cannot be read, the run is of another kind, or a video lacks the frames.
    """
    network = _network(run)
    compute, trained = _levels(network, bool(run))
    clips = {
        path: _clip(path, whole_number("frame", frame, 0), whole_number("step", step, 1), network)
        for path in video.split(",")
    }
    found = {path: compute(clip) for path, clip in clips.items()}
    titles = {(level, k): f"{name} {k}" for level, name in enumerate(LEVELS) for k in range(CHANNELS)}
    shown = [_strongest([levels[level] for levels in found.values()]) for level in range(len(LEVELS))]
    sheet = Sheet([FRAME, *titles.values(), CODE])
    for path, levels in found.items():
        drawn, captions = {CODE: colour_code(1.0)}, {CODE: "saturated at the length below each"}
        for (level, k), title in titles.items():
            channel = shown[level][k]
            flow = levels[level][channel]
            longest = longest_of(None, [flow])
            drawn[title], captions[title] = flow / longest, f"channel {channel}, {longest:.2g} px"
        sheet.add(f"{Path(path).stem}, frame {frame}", clips[path][0], drawn, captions, longest=1.0)
    words = [f"{name}, {'trained' if learned else 'untrained'}" for name, learned in zip(LEVELS, trained, strict=True)]
    return sheet.picture({title: words[level] for (level, _), title in titles.items()})


def _network(run: str) -> RepresentationFlowClassifier:
    if not run:
        options = representation_flow.Options(flows="fcf")
        return representation_flow.build(num_classes=CLASSES, clip_shape=UNTRAINED_CLIP, options=options)
    _, model, _ = load_run(Path(run))
    if not isinstance(model, RepresentationFlowClassifier) or model.flow is None or model.stored is not None:
        raise InputError(
            f"--input=run={run} has no representation flow of frames: it is of another method, or of place=none or "
            "motion=stored."
        )
    steps, needed = model.features_shape[0], 1 + max(len(LEVELS), model.flow.frames_consumed)
    if steps is not None and steps < needed:
        frames, options = model.clip_shape[0], model.options
        raise InputError(
            f"--input=run={run}: {options.backbone} leaves {steps} of its {frames} frames at place={options.place}, "
            f"and flow of flow needs {needed}; give a run with more --config.data.frames, or one of resnet2d."
        )
    return model


def _levels(
    model: RepresentationFlowClassifier, from_run: bool
) -> tuple[Callable[[np.ndarray], list[np.ndarray]], tuple[bool, bool]]:
    """A function that computes flow and flow of flow of a clip, each `[C, h, w, 2]`; and which of them is trained."""
    if isinstance(model.flow, FlowOfFlow):
        first, *others = model.flow.sequence[: 2 + model.flow.convolve]
        trained = (from_run, from_run)
    else:
        options = model.options
        first = cast(RepresentationFlow, model.flow)  # `_network` refuses a model without one.
        others = [RepresentationFlow(None, options.iterations, variant=options.variant, output="flow")]
        trained = (from_run, False)

    def compute(clip: np.ndarray) -> list[np.ndarray]:
        frames = model.scaling(model.unit_range(clip[None]))
        flow = first(frames if model.before is None else model.before(frames, training=False))
        again = flow
        for layer in others:
            again = layer(again)
        return [_channels(level) for level in (flow, again)]

    return compute, trained


def _channels(flow: Tensor) -> np.ndarray:
    """The first step of flows `[1, T, h, w, 2 C]`, u of every channel before v, as `[C, h, w, 2]`."""
    first_step = keras.ops.convert_to_numpy(flow)[0, 0]
    return np.stack(np.split(first_step, 2, axis=-1)).transpose(3, 1, 2, 0)


def _strongest(flows: list[np.ndarray]) -> list[int]:
    """The channels with most motion over all clips; the first ones again where there are fewer than are shown."""
    lengths = np.mean([np.linalg.norm(flow, axis=-1).mean(axis=(1, 2)) for flow in flows], axis=0)
    return [int(channel) for channel in np.resize(np.argsort(-lengths), CHANNELS)]


def _clip(path: str, first: int, step: int, network: RepresentationFlowClassifier) -> np.ndarray:
    frames, height, width, _ = network.clip_shape
    return test_views(clip_at(path, first, frames, step), ViewRecipe((height, width), "center"))[0][0]
