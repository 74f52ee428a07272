"""What flow, and flow of flow, tell of the motion at the size of the features that they are computed from.

Nothing of the flow is learned, and there are no features but grey frames: Moving Shapes, shrunk to as many pixels as
the features of a place have. Rows are `<flow>.<side>`; `flow` is one flow, `fof` flow of flow, `fofof` that once more;
10 iterations. A linear classifier (ridge regression) sees the means over time of u, v and their magnitudes, in a grid
of 4 x 4 parts of the image. Chance is 8.3 %. Frames of 64 x 64 have 32 x 32 features after conv1, 16 x 16 after blocks
1 and 2, 8 x 8 after block 3, 4 x 4 after block 4, 2 x 2 after block 5; the paper's have 14 x 14 after block 3.
"""

from functools import partial
from pathlib import Path

import keras
import numpy as np

from launch.evaluators import Measurement
from launch.run.config import Config, new_config
from launch.run.data import open_source
from launch.tables import Cell, Column
from launch.tables.parts.moving_shapes import on_generated_clips
from tvnet_keras import RepresentationFlow
from tvnet_keras.ops.intensity import to_grey

DATA_SET = "moving_shapes"

FLOWS = {"flow": 1, "fof": 2, "fofof": 3}
"""Numbers of flows, one upon the other, by the first half of a row's name."""

SIDES = (64, 32, 16, 14, 8, 4, 2)
FRAMES = 6
GRID = 4
RIDGE = 30.0
"""Of standardised features; from 3 to 300 the accuracies of the test move by a few points."""

COLUMNS = (Column("in training", "train_accuracy", ".1%"), Column("length, px", "length", ".2f"))


def cells() -> tuple[Cell, ...]:
    """Every flow at every size."""
    return tuple(_cell(name, side) for name in FLOWS for side in SIDES)


def _cell(name: str, side: int) -> Cell:
    return Cell(
        f"{name}.{side}",
        None,
        "top1",
        {"flows": FLOWS[name], "side": side, "frames": FRAMES, "grid": GRID, "ridge": RIDGE},
        {"data": DATA_SET},
        partial(_probe, FLOWS[name], side),
        0.2,
        percent=True,
        comparable=False,
        network=_flow_layer,
        columns=COLUMNS,
    )


def _flow_layer() -> RepresentationFlow:
    return RepresentationFlow(bottleneck=None, iterations=10, learn=(), output="flow")


def _probe(flows: int, side: int, data_dir: str, seed: int, weights: Path) -> Measurement:
    config = on_generated_clips(_config(side), Path(data_dir), weights.parent)
    layers = [_flow_layer() for _ in range(flows)]
    train, labels, _ = _seen(config, "train", layers)
    test, truth, length = _seen(config, "test", layers)
    of_train, of_test = linear_classifier(train, labels, train), linear_classifier(train, labels, test)
    numbers = {"top1": float(np.mean(of_test == truth)), "train_accuracy": float(np.mean(of_train == labels))}
    return Measurement({**numbers, "length": length}, {"data": DATA_SET, "videos": len(truth)})


def _config(side: int) -> Config:
    data = {"frames": FRAMES, "height": side, "width": side, "crop": "none", "test_crop": "none"}
    return new_config("rgb", "moving_shapes", data=data, eval={"clips": 1})


def _seen(config: Config, subset: str, layers: list[RepresentationFlow]) -> tuple[np.ndarray, np.ndarray, float]:
    """What the classifier sees of every video, the labels, and the mean length of the last flow's components."""
    seen, labels, lengths = [], [], []
    for batch in open_source(config, subset).scanned().clips():
        flow = to_grey(keras.ops.cast(batch["clip"], "float32"))[..., None]
        for layer in layers:
            flow = layer(flow)
        flow = keras.ops.convert_to_numpy(flow)
        seen.append(grid_means(flow))
        lengths.append(np.abs(flow).mean(axis=(1, 2, 3, 4)))
        labels.append(np.asarray(batch["label"]))
    return np.concatenate(seen), np.concatenate(labels), float(np.concatenate(lengths).mean())


def grid_means(flow: np.ndarray, grid: int = GRID) -> np.ndarray:
    """Means over time of a flow's components and of their magnitudes in the parts of a grid.

    Args:
        flow: `[B, T, H, W, C]`, of sides that the grid divides; smaller ones are a grid of their own pixels, others
            are cut at the end.
        grid: parts of a side.

    Returns:
        `[B, 2 * grid * grid * C]`.
    """
    batch, time, height, width, channels = flow.shape
    rows, columns = min(grid, height), min(grid, width)
    high, wide = height // rows, width // columns
    parts = flow[:, :, : rows * high, : columns * wide].reshape(batch, time, rows, high, columns, wide, channels)
    means = [values.mean(axis=(1, 3, 5)).reshape(batch, -1) for values in (parts, np.abs(parts))]
    return np.concatenate(means, axis=1)


def linear_classifier(train: np.ndarray, labels: np.ndarray, test: np.ndarray, ridge: float = RIDGE) -> np.ndarray:
    """The classes that ridge regression on the training samples gives other samples.

    Args:
        train: `[N, F]`.
        labels: `[N]`.
        test: `[M, F]`.
        ridge: the weight of the squared coefficients of standardised features.

    Returns:
        `[M]`.
    """
    mean, deviation = train.mean(axis=0), train.std(axis=0) + 1e-6
    known, asked = ((values - mean) / deviation for values in (train, test))
    targets = np.eye(labels.max() + 1)[labels]
    centre = targets.mean(axis=0)
    kernel = known.T @ known + ridge * np.eye(known.shape[1])
    return np.argmax(asked @ np.linalg.solve(kernel, known.T @ (targets - centre)) + centre, axis=1)
