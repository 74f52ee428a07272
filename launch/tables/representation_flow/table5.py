"""Representation Flow, Table 5: flow of flow, with convolutions between and without; 10 iterations, learned.

`flow` is a single flow, `fof` flow of flow, `fcf` flow-conv-flow, `fcfcf` one more, `tvl1-twice` TV-L1 of the frames
and once more of its own flow. The paper: Tiny-Kinetics, after block 3, 14 x 14 features. Here after conv1, 32 x 32,
with three seeds; three times as long (`.long`); and after block 3 (`.block3`), where frames of 64 x 64 have 8 x 8
features.
"""

from launch.tables import Cell
from launch.tables.representation_flow.parts.flow_of_flow import ROWS, small
from launch.tables.representation_flow.parts.full_scale import command
from launch.tables.representation_flow.parts.moving_shapes_cells import SETTING, cell

__all__ = ["DATA_SET", "SETTING", "cells"]

DATA_SET = "moving_shapes"

LONG = 450
"""Number of steps in which a network of three flow layers learns too: its loss begins to fall at the 100th step."""


def cells() -> tuple[Cell, ...]:
    """Every row, the paper's best first."""
    rows = [
        cell(row, paper, small(model), seeds=(0, 1, 2), full_scale=command(model))
        for row, (paper, model) in ROWS.items()
    ]
    long = [
        cell(f"{row}.long", paper, small(model), steps=LONG, minutes=4.0, full_scale=command(model))
        for row, (paper, model) in ROWS.items()
        if "place" not in model
    ]
    deep = [
        cell(f"{row}.block3", paper, model, full_scale=command(model))
        for row, (paper, model) in ROWS.items()
        if "place" not in model
    ]
    return (*rows, *long, *deep)
