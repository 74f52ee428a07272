"""Representation Flow on JHMDB, split 1, at a size that trains in three to fourteen minutes on one CPU core."""

import dataclasses
from functools import partial
from typing import Any

from launch.run.config import new_config
from launch.tables import Cell, Column
from launch.tables.parts.trained_cells import trained_cell
from launch.tables.parts.video_sets import JHMDB, prepare
from launch.tables.representation_flow.parts.moving_shapes_cells import MODEL, TRAIN
from launch.tables.representation_flow.parts.stored_tvl1 import data_of, sees_flow, with_tvl1

SETTING = """
Here: JHMDB, split 1, 21 classes of HMDB51, 660 clips to train on and 268 to test: chance is 4.8 %, one clip is 0.4 %.
Sixteen frames of 64 x 64 (a clip of fifteen repeats its last one), corner crops and flips of videos of 128 pixels'
short side; the network of the tables on Moving Shapes (ResNet-10 of a quarter of the published width, 4 flow channels,
no dropout) from random weights; 1000 steps of 16 clips, Adam 0.002 with cosine decay and 50 steps of warm-up, the
flow's parameters at 0.3 of that rate; tested on three clips of every video, centre crop. `spread` is the standard
deviation over seeds.
"""

DATA = dataclasses.replace(JHMDB, splits=(1,), steps=1000)

MINUTES = Column("minutes", "minutes", ".0f")


def cell(
    row: str,
    paper: float | None,
    model: dict[str, Any],
    *,
    seeds: tuple[int, ...] = (0,),
    minutes: float = 5.0,
    full_scale: str = "",
) -> Cell:
    """A cell of a table on JHMDB.

    Args:
        row: the cell's name.
        paper: the paper's number, percent.
        model: options of the network, beside those that all cells share.
        seeds: the seeds of the trainings.
        minutes: time that one takes on a CPU core, about.
        full_scale: the command that computes the paper's own number.
    """
    config = new_config(
        "representation_flow",
        "hmdb51",
        model={**MODEL, **model},
        data={
            "dataset": DATA.dataset,
            "root": "data/jhmdb",
            "missing": "report",
            "frames": 16,
            "short": "clamp",
            **data_of(DATA, model),
        },
        train={**TRAIN, "steps": DATA.steps, "warmup": 50, "log_every": 100, "checkpoint_every": 100},
        eval={"clips": 3, "crops": 1},
    )
    put = partial(with_tvl1, DATA) if sees_flow(model) else partial(prepare, DATA, "")
    trained = trained_cell(row, paper, config, put, seeds=seeds, minutes=minutes, full_scale=full_scale)
    return dataclasses.replace(trained, columns=(MINUTES,))
