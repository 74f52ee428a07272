"""Moving Shapes: the middle pair of every test clip, with its exact flow."""

import os
from functools import partial
from pathlib import Path

import numpy as np

from tvnet_keras.flow.pairs.parts.pair import Pair
from tvnet_keras.video import datasets
from tvnet_keras.video.moving_shapes.writer import exact_flow
from tvnet_keras.video.read import read_frames


def load(root: str | os.PathLike[str]) -> tuple[Pair, ...]:
    """Lists the middle pairs of the test clips.

    Args:
        root: the folder that `launch.prepare --generate` wrote.

    Raises:
        InputError: no Moving Shapes there, or a clip that is missing.
    """
    videos = datasets.load("moving_shapes", root, subset="test").videos
    return tuple(
        Pair(video.video_id, partial(_frames, video.path), partial(_truth, video.path))
        for video in sorted(videos, key=lambda video: video.video_id)
    )


def _frames(path: str | Path) -> np.ndarray:
    middle = len(exact_flow(path)) // 2
    return read_frames(path, (middle, middle + 1))


def _truth(path: str | Path) -> np.ndarray:
    flow = exact_flow(path)
    return flow[len(flow) // 2]
