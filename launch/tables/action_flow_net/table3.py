"""ActionFlowNet, Table 3: does better flow make better classes? End-point error on Sintel, and top-1 of a classifier
that is stacked on a frozen network of flow, on 37 classes of UCF101, split 1.

`--data_dir` is a folder with the folders `ucf101` and `sintel`. `stacked-generated` stands on flow that was learned on
generated pairs (the paper: FlyingChairs), `stacked` on that of UCF101's own videos; both are the networks of
`action_flow_net_table1`. Sintel is seen at its own size, the final pass. The paper: UCF101, percent, and TV-L1's error
of 10.46 pixels.
"""

import dataclasses
from functools import partial
from pathlib import Path

from launch.evaluators import Measurement, flow
from launch.run.config import check
from launch.run.data import open_source
from launch.run.model import load_run
from launch.tables import Cell, Column
from launch.tables.action_flow_net.parts.networks import NETWORKS, Setting, network_cell, train_flow
from launch.tables.action_flow_net.parts.rows_of_table1 import ROOTS
from launch.tables.action_flow_net.parts.videos import SETTING, full_scale, setting_of
from launch.tables.action_flow_net.table1 import MINUTES, STEPS
from launch.tables.parts.full_scale import full_scale_cell
from launch.tables.parts.shared_training import trained_in
from launch.tables.parts.video_sets import UCF101

__all__ = ["DATA_SET", "SETTING", "cells"]

DATA_SET = "ucf101 and sintel"

TABLE1 = "action_flow_net_table1"

PAPER = {"stacked-generated": (51.7, 9.12), "stacked": (69.6, 11.84)}
"""Top-1, percent, and end-point error on Sintel, pixels, by row."""

OF_TABLE1 = "stacked"
"""The row whose network Table 1 trains."""

EPICFLOW = (77.7, 6.29)


def cells() -> tuple[Cell, ...]:
    """Both networks, and the paper's classifier of EpicFlow."""
    setting = setting_of(TABLE1, dataclasses.replace(UCF101, steps=STEPS))
    ours = tuple(_cell(row, *PAPER[row], setting) for row in PAPER)
    return (*ours, dataclasses.replace(full_scale_cell("epicflow", EPICFLOW[0]), columns=(_sintel(EPICFLOW[1]),)))


def _cell(row: str, accuracy: float, error: float, setting: Setting) -> Cell:
    command = full_scale("ucf101", ROOTS["ucf101"])[row]
    cell = network_cell(row, accuracy, setting, minutes=MINUTES, full_scale=command)
    measured = dataclasses.replace(cell, run=partial(_run, setting, row, cell), columns=(_sintel(error), *cell.columns))
    return trained_in(measured, TABLE1, row) if row == OF_TABLE1 else measured


def _sintel(paper: float) -> Column:
    return Column("Sintel, EPE", "sintel", ".2f", paper=paper)


def _run(setting: Setting, row: str, cell: Cell, data_dir: str, seed: int, weights: Path) -> Measurement:
    videos = str(Path(data_dir) / "ucf101")
    measured = cell.run(videos, seed, weights) if cell.run else Measurement({}, {})
    config, model, _ = load_run(train_flow(setting, NETWORKS[row].start, videos, weights))
    data = dataclasses.replace(
        config.data,
        dataset="sintel",
        root=str(Path(data_dir) / "sintel"),
        render="final",
        flow="",
        cache="",
        windows=0,
        classes=(),
        split=1,
        missing="error",
    )
    config = check(dataclasses.replace(config, data=data, eval=dataclasses.replace(config.eval, flow_size="own")))
    found = flow.measure(model, open_source(config, "test"), config)
    numbers = {**measured.numbers, "sintel": found.numbers["epe"], "sintel_zero": found.numbers["epe_zero"]}
    return dataclasses.replace(measured, numbers=numbers, protocol={**measured.protocol, "sintel": found.protocol})
