"""A TVNet in front of a classifier that starts from a preset, and the same network that starts untrained.

On 37 classes of UCF101, as in `tvnet_table3`, but for the 200 steps that all have: TVNet-5-3-10 with kernels that are
trained at 255 times the paper's rate, or that are fixed. `photometric` is the residual of the flow of the test clips in
grey levels, `at the start` that of the same network before training, `kernels moved` the mean absolute change of the
kernels, which start as -1, 1.
"""

import dataclasses
from typing import Any

from launch.tables import Cell, Column
from launch.tables.parts.video_sets import UCF101
from launch.tables.tvnet.parts.rows_of_table3 import MINUTES, PICKED_RATE
from launch.tables.tvnet.parts.streams import PAPER_RATE, Stream, stream_cell

DATA_SET = "ucf101"

SETTING = ""

SHORT = dataclasses.replace(UCF101, steps=200)

STARTS: dict[str, dict[str, Any]] = {
    "untrained": {"scales": 5, "warps": 3, "iterations": 10},
    "preset": {"preset": "tvnet-5-3-10-generated"},
}

LEARNING: dict[str, dict[str, Any]] = {
    "": {"motion_rate": PICKED_RATE * PAPER_RATE, "learn": ("kernels",), "detach_warps": True},
    "-fixed": {"learn": ()},
}

COLUMNS = (
    Column("photometric", "photometric", ".3f"),
    Column("at the start", "photometric_untrained", ".3f"),
    Column("kernels moved", "kernels_moved", ".4f"),
    MINUTES,
)


def cells() -> tuple[Cell, ...]:
    """Both starts, learning and fixed."""
    return tuple(
        stream_cell(
            start + name,
            None,
            SHORT,
            Stream(model={**network, **learning}),
            seeds=(0, 1, 2),
            minutes=6,
            columns=COLUMNS,
        )
        for name, learning in LEARNING.items()
        for start, network in STARTS.items()
    )
