"""Representation Flow, Table 5 on JHMDB, split 1: flow of flow, with convolutions between and without; learned.

Rows as in `representation_flow_table5`. The paper: Tiny-Kinetics, after block 3, whose features are 14 x 14 there; here
after block 2, whose are 16 x 16, 10 iterations.
"""

from launch.tables import Cell
from launch.tables.representation_flow.parts.flow_of_flow import ROWS
from launch.tables.representation_flow.parts.jhmdb_cells import SETTING, cell

__all__ = ["DATA_SET", "SETTING", "cells"]

DATA_SET = "jhmdb"

PLACE = "block2"


def cells() -> tuple[Cell, ...]:
    """Every row, the paper's best first."""
    return tuple(
        cell(row, paper, {"place": PLACE, **model}, seeds=(0, 1, 2))
        for row, (paper, model) in ROWS.items()
        if "place" not in model
    )
