"""End-point error of a model's motion layer against exact flow, where a data set has it."""

import keras
import numpy as np
import tensorflow as tf

from launch.inference import as_graph
from launch.progress import progress
from tvnet_keras.losses.endpoint import end_point_error
from tvnet_keras.video import datasets
from tvnet_keras.video.listing import VideoList
from tvnet_keras.video.read import read_frames

BATCH = 8
"""Videos whose flow is computed at a time."""


def has_exact_flow(dataset: str) -> bool:
    """Whether the data set stores the exact flow of its videos."""
    return hasattr(datasets.module(dataset), "exact_flow")


def flow_errors(motion: keras.layers.Layer, dataset: str, videos: VideoList) -> dict[str, float]:
    """Mean end-point error over all pixels, steps and videos, at the videos' own resolution.

    Args:
        motion: a layer `[B, T, H, W, 3] -> [B, T - 1, H, W, 2]`.
        dataset: name of a data set with exact flow.
        videos: its list.

    Returns:
        `epe` of the layer and `epe_zero` of zero flow, in pixels.
    """
    truth_of = datasets.module(dataset).exact_flow
    compute = as_graph(motion)
    errors, zero_errors = [], []
    paths = [video.path for video in videos.videos]
    with progress("comparing flow", "videos") as show:
        for start in range(0, len(paths), BATCH):
            batch = paths[start : start + BATCH]
            clips = [read_frames(path) for path in batch]
            # Videos of one length share a call; others go one by one.
            groups = (
                [range(len(batch))] if len({clip.shape for clip in clips}) == 1 else [[k] for k in range(len(batch))]
            )
            for group in groups:
                flow = compute(tf.constant(np.stack([clips[k] for k in group])))
                truth = np.stack([truth_of(batch[k]) for k in group])
                errors += end_point_error(truth, flow).numpy().mean(axis=(1, 2, 3)).tolist()
                zero_errors += np.linalg.norm(truth, axis=-1).mean(axis=(1, 2, 3)).tolist()
            show(start + len(batch), len(paths))
    return {"epe": float(np.mean(errors)), "epe_zero": float(np.mean(zero_errors))}
