"""The balance of MotionNet's losses: each weighted term at no flow and at a good one, under both normalisations.

    python -m launch.benchmark --suite=flow_losses --data_dir=VIDEOS

VIDEOS is a folder of video files, of any depth; sixteen, evenly spaced over their names, give their first eleven frames
at 224 x 224. The good flow is OpenCV's DIS. No time is measured.
"""

from pathlib import Path

import numpy as np
from keras import ops

from launch.benchmarks.pipeline import SUFFIXES
from tvnet_keras.entries import files_below
from tvnet_keras.errors import InputError
from tvnet_keras.flow.solvers import make_solver
from tvnet_keras.losses.normalisation import NORMALISATIONS
from tvnet_keras.losses.unsupervised_flow import unsupervised_flow_terms
from tvnet_keras.video.read import read_frames
from tvnet_keras.video.resize import resize_half_pixel_antialiased

VIDEOS = 16
FRAMES = 11
HEIGHT, WIDTH = 256, 340
SIZE = 224
LEVELS = (112, 56, 28, 14, 7)
BATCHES = (1, 16)
SOLVER = "dis"


def run(data_dir: str) -> dict:
    """Computes the terms of every combination.

    Args:
        data_dir: a folder of videos.

    Returns:
        `protocol` and `rows`: the flow, the normalisation, the batch, and the mean of every term over the clips.

    Raises:
        InputError: there are fewer videos than are taken.
    """
    clips = np.stack([_clip(path) for path in _chosen(data_dir)])
    solve = make_solver(SOLVER)
    flow = np.stack([[solve(clip[k : k + 2]) for k in range(FRAMES - 1)] for clip in clips])
    rows = [
        {"flow": name, "normalisation": rule, "batch": batch, **_terms(clips, scale * flow, rule, batch)}
        for name, scale in (("none", 0.0), (SOLVER, 1.0))
        for rule in NORMALISATIONS
        for batch in BATCHES
    ]
    return {
        "protocol": {"videos": VIDEOS, "frames": FRAMES, "size": [SIZE, SIZE], "levels": list(LEVELS)},
        "rows": rows,
    }


def _chosen(data_dir: str) -> list[Path]:
    if not data_dir:
        raise InputError("--suite=flow_losses needs --data_dir=FOLDER of videos.")
    found = sorted(path for path in files_below(data_dir) if path.suffix in SUFFIXES)
    if len(found) < VIDEOS:
        raise InputError(
            f"--data_dir={data_dir} has {len(found)} videos ({', '.join(SUFFIXES)}), but {VIDEOS} are needed."
        )
    return found[:: len(found) // VIDEOS][:VIDEOS]


def _clip(path: Path) -> np.ndarray:
    """The middle of the first frames, uint8 `[FRAMES, SIZE, SIZE, 3]`."""
    frames = resize_half_pixel_antialiased(read_frames(str(path), range(FRAMES)), (HEIGHT, WIDTH))
    top, left = (HEIGHT - SIZE) // 2, (WIDTH - SIZE) // 2
    return frames[:, top : top + SIZE, left : left + SIZE]


def _terms(clips: np.ndarray, flow: np.ndarray, rule: str, batch: int) -> dict[str, float]:
    pyramid = [_mean_over_areas(flow, side) for side in LEVELS]
    parts = [
        unsupervised_flow_terms(
            clips[start : start + batch], [level[start : start + batch] for level in pyramid], normalisation=rule
        )
        for start in range(0, len(clips), batch)
    ]
    return {name: float(np.mean([ops.convert_to_numpy(part[name]).mean() for part in parts])) for name in parts[0]}


def _mean_over_areas(flow: np.ndarray, side: int) -> np.ndarray:
    """A flow at a coarser resolution, in its pixels."""
    area = SIZE // side
    tiles = flow.reshape(*flow.shape[:2], side, area, side, area, 2)
    return (tiles.mean(axis=(3, 5)) / area).astype("float32")
