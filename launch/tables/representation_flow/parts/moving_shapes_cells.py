"""Representation Flow on Moving Shapes, at a size that trains in half a minute on two CPU cores."""

from typing import Any

from launch.run.config import new_config
from launch.tables import Cell
from launch.tables.parts.moving_shapes import on_generated_clips
from launch.tables.parts.trained_cells import trained_cell
from launch.tables.representation_flow.parts.full_scale import METHOD
from launch.tables.representation_flow.parts.stored_tvl1 import SHAPES, data_of, on_shapes_with_tvl1, sees_flow

SETTING = """
Here: Moving Shapes, 480 clips to train on and 300 to test, twelve classes, so chance is 8.3 %. Six frames of 64 x 64,
one view; ResNet-10 of a quarter of the published width, 4 flow channels, no dropout; Adam 0.002 with cosine decay.
Unless a table says otherwise, 150 steps of 16 clips, the flow's parameters at 0.3 of the common rate (the paper's
0.01 would not move them in so few steps). `spread` is the standard deviation over seeds. Flow networks see stored
TV-L1 (OpenCV's, 5 scales, 5 warps, 10 iterations) of every pair, clipped at 4 pixels; a network of single frames sees
stacks of three fields, of which the published size has ten. Two networks that are fused were trained apart, and their
probabilities are averaged.

`paper` is top-1 in percent of its networks on its data sets: compare orders, not values. A single frame of Moving
Shapes does not tell its class: accuracy above chance is motion, and appearance helps no row.
"""

FRAMES = 6
MODEL = {"depth": 10, "width": 16, "bottleneck": 4, "dropout": 0.0, "motion_rate": 0.3}
FAST_FLOW_RATE = {"motion_rate": 3.0}
"""For tables about learning the flow's parameters; chosen on one cell, before today's mathematics."""

TRAIN = {"steps": 150, "batch_size": 16, "lr": 2e-3, "warmup": 10, "log_every": 50, "checkpoint_every": 50}


def cell(
    row: str,
    paper: float | None,
    model: dict[str, Any],
    *,
    method: str = METHOD,
    frames: int = FRAMES,
    steps: int = TRAIN["steps"],
    **options: Any,
) -> Cell:
    """A cell of a table on Moving Shapes.

    Args:
        row: the cell's name.
        paper: the paper's number.
        model: options of the network; for this paper's method, beside those that all cells share.
        method: the method.
        frames: number of frames of a clip.
        steps: number of steps of the training.
        **options: `seeds`, `minutes` and `full_scale` of `trained_cell`.
    """
    config = new_config(
        method,
        "moving_shapes",
        model={**(MODEL if method == METHOD else {}), **model},
        data={
            "root": "data/moving_shapes",
            "frames": frames,
            "crop": "none",
            "test_crop": "none",
            **data_of(SHAPES, model),
        },
        train={**TRAIN, "steps": steps},
    )
    prepare = on_shapes_with_tvl1 if sees_flow(model) else on_generated_clips
    return trained_cell(row, paper, config, prepare, **options)
