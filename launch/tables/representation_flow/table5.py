"""Representation Flow, Table 5: flow of flow, with convolutions between and without; 10 iterations, learned.

`flow` is a single flow, `fof` flow of flow, `fcf` flow-conv-flow, `fcfcf` one more, `tvl1-twice` stored TV-L1 and, of
its two components as pictures, TV-L1 once more (5 scales, 5 warps, 10 iterations). The paper: Tiny-Kinetics, after
block 3, 14 x 14 features. Here after conv1, 32 x 32, with three seeds; three times as long (`.long`); after block 3
(`.block3`), where frames of 64 x 64 have 8 x 8 features; and at the input (`.input`), 64 x 64, which three flows need.
"""

from launch.tables import Cell
from launch.tables.parts.shared_training import trained_in
from launch.tables.representation_flow.parts.flow_of_flow import ROWS, TWICE, TWICE_PAPER, small
from launch.tables.representation_flow.parts.full_scale import STACK, command, flow_command, folder_of
from launch.tables.representation_flow.parts.moving_shapes_cells import SETTING, cell
from launch.tables.representation_flow.parts.stored_tvl1 import FLOW_TWICE

__all__ = ["DATA_SET", "SETTING", "cells"]

DATA_SET = "moving_shapes"

TABLE = "representation_flow_table5"

OF_TABLE_3 = ("representation_flow_table3", "10.learned.rate-0.3")

LONG = 450
"""Number of steps in which a network of three flow layers learns too: its loss begins to fall at the 100th step."""

SEEDS = (0, 1, 2)

AT_INPUT = {"place": "input", "bottleneck": 0}
"""The flow of the colour channels themselves."""


def cells() -> tuple[Cell, ...]:
    """Every row, the paper's best first."""
    commands = {row: command(folder_of(TABLE, row), model) for row, (_, model) in ROWS.items()}
    rows = [
        cell(row, paper, small(model), seeds=SEEDS, full_scale=commands[row]) for row, (paper, model) in ROWS.items()
    ]
    full_scale = flow_command(folder_of(TABLE, TWICE), {"motion": FLOW_TWICE["motion"], "flow_fields": STACK})
    twice = cell(TWICE, TWICE_PAPER, FLOW_TWICE, seeds=SEEDS, minutes=3.0, full_scale=full_scale)
    long = [
        cell(f"{row}.long", paper, small(model), steps=LONG, minutes=4.0, seeds=SEEDS, full_scale=commands[row])
        for row, (paper, model) in ROWS.items()
    ]
    deep = [cell(f"{row}.block3", paper, model, full_scale=commands[row]) for row, (paper, model) in ROWS.items()]
    # The single flow is also a row of Table 3.
    deep = [trained_in(each, *OF_TABLE_3) if each.row == "flow.block3" else each for each in deep]
    first = [
        cell(f"{row}.input", paper, {**AT_INPUT, **model}, minutes=4.0, full_scale=commands[row])
        for row, (paper, model) in ROWS.items()
    ]
    return (*rows, twice, *long, *deep, *first)
