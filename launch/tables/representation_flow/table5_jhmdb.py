"""Representation Flow, Table 5 on JHMDB, split 1: flow of flow, with convolutions between and without; learned.

Rows as in `representation_flow_table5`. The paper: Tiny-Kinetics, after block 3, whose features are 14 x 14 there; here
after conv1, whose are 32 x 32, 10 iterations: on smaller ones flow of flow tells little (`representation_flow_sizes`).
`minutes` of `tvl1-twice` are with those in which its first seed stores TV-L1's flow.
"""

from launch.tables import Cell
from launch.tables.representation_flow.parts.flow_of_flow import ROWS, TWICE, TWICE_PAPER, small
from launch.tables.representation_flow.parts.full_scale import STACK
from launch.tables.representation_flow.parts.jhmdb_cells import SETTING, cell
from launch.tables.representation_flow.parts.stored_tvl1 import FLOW_TWICE

__all__ = ["DATA_SET", "SETTING", "cells"]

DATA_SET = "jhmdb"

SEEDS = (0, 1, 2)

MINUTES = {"fcf": 10.0, "flow": 6.5, "fof": 10.0, "fcfcf": 14.0}


def cells() -> tuple[Cell, ...]:
    """Every row, the paper's best first."""
    rows = [cell(row, paper, small(model), seeds=SEEDS, minutes=MINUTES[row]) for row, (paper, model) in ROWS.items()]
    # The first seed stores the flow, too.
    return (*rows, cell(TWICE, TWICE_PAPER, {**FLOW_TWICE, "flow_fields": STACK}, seeds=SEEDS, minutes=30.0))
