"""The learning rate of TVNet in front of a classifier: multiples of the paper's 1/255 of the classifier's rate.

Each network is trained on a tenth of UCF101-37's training list and tested on a validation part of the same list, a
fifth of it by recordings; no test video is seen. 200 steps; all else as in `tvnet_table3`.
"""

import dataclasses

from launch.tables import Cell
from launch.tables.parts.video_sets import UCF101
from launch.tables.tvnet.parts.rows_of_table3 import MOTION
from launch.tables.tvnet.parts.streams import UNTRAINED, learned, stream_cell

DATA_SET = "ucf101"

SHORT = dataclasses.replace(UCF101, steps=200)
RATES = (1, 10, 50, 255)

PART = {"validation": 0.2, "portion": 0.1}


def cells() -> tuple[Cell, ...]:
    """Every rate, and the network whose TVNet does not learn."""
    streams = {"untrained": UNTRAINED, **{f"x{rate}": learned(rate) for rate in RATES}}
    return tuple(
        stream_cell(row, None, SHORT, stream, minutes=5, columns=MOTION, part=PART) for row, stream in streams.items()
    )
