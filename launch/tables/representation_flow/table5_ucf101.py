"""Representation Flow, Table 5 on six classes of UCF101: flow of flow; after conv1, 10 iterations, learned.

The paper: Tiny-Kinetics, top-1 in percent. Rows as in `representation_flow_table5`; `rgb` is the same network without
flow, which the paper's table does not have.

Here: Archery, BasketballDunk, HorseRace, PlayingPiano, PlayingViolin and Surfing of split 1, of which 216 videos to
train on and 84 to test are present: chance is 16.7 %, one video is 1.2 %. Six frames of 64 x 64, every second one, from
videos of 72 pixels' short side; three views; ResNet-10 of a quarter of the published width from random weights, 4 flow
channels, dropout 0.5; Adam 0.001 with cosine decay, 200 steps of 16 clips, the flow's parameters at 0.3 of that rate.
Three seeds; `spread` is the standard deviation over them. --data_dir is UCF101's folder; its frames are decoded once,
into a cache beside the runs.
"""

from functools import partial
from pathlib import Path

from launch.run.config import Config, new_config
from launch.run.video_report import splits_of, union
from launch.tables import Cell
from launch.tables.parts.trained_cells import trained_cell, with_root
from launch.tables.parts.video_sets import DataSet
from launch.tables.representation_flow.parts.flow_of_flow import ROWS, TWICE, TWICE_PAPER, small
from launch.tables.representation_flow.parts.stored_tvl1 import FLOW_TWICE, data_of, sees_flow, with_tvl1
from tvnet_keras.video.cache import write_cache

DATA_SET = "ucf101"

CLASSES = ("Archery", "BasketballDunk", "HorseRace", "PlayingPiano", "PlayingViolin", "Surfing")
SHORT_SIDE = 72
DATA = {"dataset": "ucf101", "root": "data/ucf101", "classes": CLASSES, "missing": "report", "frames": 6, "step": 2}
VIDEOS = DataSet("ucf101-6", "ucf101", splits=(1,), steps=200, classes=CLASSES)
"""The same videos for stored flow."""

MODEL = {"depth": 10, "width": 16, "bottleneck": 4, "dropout": 0.5, "motion_rate": 0.3}
TRAIN = {"steps": 200, "batch_size": 16, "lr": 1e-3, "warmup": 10, "log_every": 50, "checkpoint_every": 50}


def cells() -> tuple[Cell, ...]:
    """Every row, the paper's best first."""
    rows = {**ROWS, "rgb": (None, {"place": "none"})}
    networks = {row: (paper, small(model)) for row, (paper, model) in rows.items()}
    networks[TWICE] = (TWICE_PAPER, FLOW_TWICE)
    return tuple(_cell(row, paper, model) for row, (paper, model) in networks.items())


def _cell(row: str, paper: float | None, model: dict) -> Cell:
    config = new_config(
        "representation_flow",
        "ucf101",
        model={**MODEL, **model},
        data={**DATA, "resize_short": SHORT_SIDE, **data_of(VIDEOS, model)},
        train=TRAIN,
        eval={"clips": 3, "crops": 1},
    )
    prepare = partial(with_tvl1, VIDEOS) if sees_flow(model) else _decode
    return trained_cell(f"ucf101-six.{row}", paper, config, prepare, seeds=(0, 1, 2))


def _decode(config: Config, data_dir: Path, folder: Path) -> Config:
    """The configuration on the videos in `data_dir`, whose frames are decoded into `folder` if they are not there."""
    cache = folder / "cache"
    write_cache(union(splits_of("ucf101", data_dir, 1, CLASSES)), cache, short_side=SHORT_SIDE)
    return with_root(config, data_dir, cache=str(cache))
