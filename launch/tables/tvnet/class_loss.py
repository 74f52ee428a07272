"""Why the class loss of TVNet's classifier stays near that of guessing: ln 37 = 3.61 on 37 classes of UCF101.

TVNet-50 without training in front of a network from random weights (`small`, `lite-scratch`) or from ImageNet (`lite`);
the number in a row's name is `flow_bound` in pixels, by which flow is clipped and divided. Trained on four fifths of
the training list, tested on the rest, by recordings; no test video is seen. 400 steps; all else as in `tvnet_table3`.
In the row `partial` all batch normalisations but the first keep their ImageNet statistics, as in TSN. In the rows
`quick` moving statistics keep nine tenths of themselves in a step, instead of 99 hundredths.
"""

import dataclasses
from typing import Any

from launch.tables import Cell, Column
from launch.tables.parts.video_sets import UCF101
from launch.tables.tvnet.parts.streams import Stream, stream_cell

DATA_SET = "ucf101"

SHORT = dataclasses.replace(UCF101, steps=400)
SMALL = {"backbone": "small"}
ROWS: dict[str, tuple[dict[str, Any], str]] = {
    "small-20": ({**SMALL, "flow_bound": 20.0}, ""),
    "small-5": ({**SMALL, "flow_bound": 5.0}, ""),
    "small-20-no-dropout": ({**SMALL, "flow_bound": 20.0, "dropout": 0.0}, ""),
    "lite-scratch-20": ({"flow_bound": 20.0}, ""),
    "lite-20": ({"flow_bound": 20.0}, "imagenet"),
    "lite-5": ({"flow_bound": 5.0}, "imagenet"),
    "lite-scratch-20-quick": ({"flow_bound": 20.0, "norm_momentum": 0.9}, ""),
    "lite-5-quick": ({"flow_bound": 5.0, "norm_momentum": 0.9}, "imagenet"),
    "lite-5-partial": ({"flow_bound": 5.0, "batch_norm": "partial"}, "imagenet"),
}
"""Options and start by row."""

LOSS = (Column("training loss", "train_loss", ".2f"),)


def cells() -> tuple[Cell, ...]:
    """Every start."""
    return tuple(
        stream_cell(
            row,
            None,
            SHORT,
            Stream(model={"learn": (), **model}, init_from=init_from),
            minutes=5,
            columns=LOSS,
            part={"validation": 0.2},
        )
        for row, (model, init_from) in ROWS.items()
    )
