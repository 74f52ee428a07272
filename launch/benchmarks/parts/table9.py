"""The networks of the paper's run-time comparison: RGB, with representation flow, with flow-conv-flow, two-stream."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import models.representation_flow as representation_flow
from launch.run.inference import as_graph, logits_of
from tvnet_keras.entries import files_below
from tvnet_keras.errors import InputError
from tvnet_keras.flow import solvers
from tvnet_keras.flow.solvers import Solver
from tvnet_keras.video.augment import test_flow_views, test_views
from tvnet_keras.video.read import VideoError, read_frames
from tvnet_keras.video.recipe import ViewRecipe

DEPTH = 34
FRAMES = 32
SIZE = 224
ITERATIONS = 20
CLASSES = 400
FLOW_FIELDS = 10
"""Fields of a stack that the flow network of the two streams sees, as in its full-scale command."""

RGB, FLOW, FCF, TWO_STREAM = "RGB", "RGB + representation flow", "RGB + FcF", "two-stream, OpenCV TV-L1"
PAPER_MS = {RGB: 225, FLOW: 524, FCF: 576, TWO_STREAM: 8546}
"""Table 9, 2D networks, on a Titan X with OpenCV's TV-L1 on the GPU, milliseconds."""


def frames_of(data_dir: str, suffixes: tuple[str, ...]) -> np.ndarray:
    """The first frames of the first video below a folder that has enough of them.

    Args:
        data_dir: the folder, which is searched recursively.
        suffixes: suffixes of the files that are taken for videos.

    Returns:
        uint8 `[FRAMES, H, W, 3]`, RGB, at the video's own size.

    Raises:
        InputError: there is no such video.
    """
    for path in (path for path in files_below(Path(data_dir)) if path.suffix in suffixes):
        try:
            return read_frames(path, range(FRAMES))
        except VideoError:
            continue
    raise InputError(f"--data_dir={data_dir} holds no video of {FRAMES} readable frames ({', '.join(suffixes)}).")


def make_calls(frames: np.ndarray) -> dict[str, Callable[[], np.ndarray]]:
    """Functions that classify a clip, from decoded frames to logits, by the names in `PAPER_MS`.

    Args:
        frames: uint8 `[FRAMES, H, W, 3]`, RGB.
    """
    clip = test_views(frames, _view())[0]
    rgb, single, twice, flow_stream = (
        _classifier(FRAMES, place="none"),
        _classifier(FRAMES, place="block3"),
        _classifier(FRAMES, place="block3", flows="fcf"),
        _classifier(FRAMES, place="none", motion="stored", flow_fields=FLOW_FIELDS),
    )
    solve = solvers.make_solver("tvl1")

    def two_stream() -> np.ndarray:
        return rgb(clip) + flow_stream(flow_of(frames, solve))

    return {RGB: lambda: rgb(clip), FLOW: lambda: single(clip), FCF: lambda: twice(clip), TWO_STREAM: two_stream}


def flow_of(frames: np.ndarray, solve: Solver) -> np.ndarray:
    """Flow of every pair as the flow network is given it.

    Args:
        frames: uint8 `[T, H, W, 3]`, RGB; the flow is computed at this size.
        solve: a solver of `tvnet_keras.flow.solvers`.

    Returns:
        float32 `[1, T - 1, SIZE, SIZE, 2]`, pixels of the view that is classified.
    """
    flows = np.stack([solve(frames[k : k + 2]) for k in range(len(frames) - 1)])
    return test_flow_views(flows, _view())


def _view() -> ViewRecipe:
    return ViewRecipe((SIZE, SIZE), "center")


def _classifier(frames: int, **options: Any) -> Callable[[np.ndarray], np.ndarray]:
    chosen = representation_flow.Options(depth=DEPTH, iterations=ITERATIONS, **options)
    model = representation_flow.build(num_classes=CLASSES, clip_shape=(frames, SIZE, SIZE, 3), options=chosen)
    run = as_graph(model, logits_of)
    return lambda clip: run(clip).numpy()
