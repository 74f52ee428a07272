"""MotionNet's flow beside TV-L1's, as in the paper's Figures 2 and 3: both frames in one, then x and y motion in grey.

--input=runs=RUN,RUN          folders of trained MotionNets, alone or in front of a temporal stream, such as one that
                              learned from the frames alone and one that a solver's flow guided
--input=videos=FILE,FILE      clips, a row each
--input=frame=NUMBER          the first frame of the pair (default 20)
--input=solver=NAME           the classical solver (default tvl1-5-5-10)

Frames are shown, and their flow is computed, at the size at which the first run sees them; a MotionNet sees as many
frames from the first one on as it was made for. Grey is no motion; white is motion to the right or down, black to the
left or up, by the bound that stands below every flow and is the same in the whole row.
"""

from pathlib import Path

import keras
import numpy as np

from launch.figures.parts.clips import clip_at
from launch.figures.parts.numbers import whole_number
from launch.flow_report.comparison import solve_pair
from launch.flow_report.pictures import Sheet, longest_of
from launch.run.inference import as_graph
from launch.run.model import load_run
from launch.run.recipes import test_clip_recipe
from models import motion_of
from tvnet_keras.errors import InputError
from tvnet_keras.flow.codec import quantise
from tvnet_keras.flow.solvers import make_solver
from tvnet_keras.layers.motion_net import MotionNet
from tvnet_keras.video.augment import test_views
from tvnet_keras.video.recipe import ClipRecipe

FRAMES = "both frames"
COMPONENTS = ("x", "y")


def draw(*, runs: str, videos: str, frame: str = "20", solver: str = "tvl1-5-5-10") -> np.ndarray:
    """Draws a row per clip; the module's docstring has the inputs.

    Returns:
        uint8 `[H, W, 3]`, RGB.

    Raises:
        InputError: a run has no MotionNet, a file cannot be read, or a clip lacks the frames.
    """
    first = whole_number("frame", frame, 0)
    recipe, layers = _networks(runs.split(","))
    solve = make_solver(solver)
    most = max(layer.frames for layer in layers.values())
    sheet = Sheet([FRAMES, *(_title(name, axis) for name in (solver, *layers) for axis in COMPONENTS)])
    for path in videos.split(","):
        clip = test_views(clip_at(path, first, most), recipe)[0][0]
        flows, _ = solve_pair(clip[:2], {solver: solve}, set())
        flows |= {name: _first_step(layer, clip) for name, layer in layers.items()}
        add_row(sheet, f"{Path(path).stem}, frame {frame}", clip[:2], flows)
    return sheet.picture({})


def add_row(sheet: Sheet, name: str, pair: np.ndarray, flows: dict[str, np.ndarray]) -> None:
    """Adds a pair and its flows, x and y each, all on one scale.

    Args:
        sheet: the sheet.
        name: of the pair, for the row's title.
        pair: uint8 `[2, H, W, 3]`, RGB.
        flows: `[H, W, 2]`, pixels, by name.
    """
    bound = longest_of(None, list(flows.values()))
    pictures = {FRAMES: np.round(pair.mean(axis=0)).astype(np.uint8)}
    captions = {FRAMES: name}
    for one, flow in flows.items():
        for axis, grey in zip(COMPONENTS, np.moveaxis(quantise(flow, bound), -1, 0), strict=True):
            pictures[_title(one, axis)] = np.repeat(grey[..., None], 3, axis=-1)
            captions[_title(one, axis)] = f"black -{bound:.1f} px, white +{bound:.1f} px"
    sheet.add_pictures(pictures, captions)


def _title(name: str, axis: str) -> str:
    return f"{name}, {axis}"


def _networks(runs: list[str]) -> tuple[ClipRecipe, dict[str, MotionNet]]:
    """How the first run's test sees clips, and the MotionNet of every run, by the name of its folder."""
    loaded = {run: load_run(Path(run)) for run in runs}
    names = [Path(run).resolve().name for run in loaded]
    layers = {}
    for (run, (config, model, _)), name in zip(loaded.items(), names, strict=True):
        layer = motion_of(model)
        if not isinstance(layer, MotionNet):
            raise InputError(f"--input=runs={run} has no MotionNet: its method is {config.method}.")
        # Folders of one name are told apart by where they lie.
        layers[name if names.count(name) == 1 else run] = layer
    return test_clip_recipe(loaded[runs[0]][0].data), layers


def _first_step(layer: MotionNet, clip: np.ndarray) -> np.ndarray:
    """The flow `[H, W, 2]` of the first pair of a stack, which begins a clip `[T, H, W, 3]`."""
    return keras.ops.convert_to_numpy(as_graph(layer)(clip[None, : layer.frames]))[0, 0]
