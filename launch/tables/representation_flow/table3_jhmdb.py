"""Representation Flow, Table 3 on JHMDB, split 1: how many iterations, learned and not; after block 3.

The paper: Tiny-Kinetics. `learned` is divergence, tau, lambda and theta, at the rate that all tables on JHMDB have: no
rate was chosen here.
"""

from launch.tables import Cell
from launch.tables.parts.shared_training import trained_in
from launch.tables.representation_flow.parts.iterations import iterated, paper_of
from launch.tables.representation_flow.parts.jhmdb_cells import SETTING, cell
from launch.tables.representation_flow.parts.places import placed

__all__ = ["DATA_SET", "SETTING", "cells"]

DATA_SET = "jhmdb"

ROWS = ("10.learned", "10.fixed", "20.learned")

RGB = "none"
"""The network without flow, of which the paper says in Table 1 what it gives."""

OF_TABLE_1 = {"10.fixed": "block3", RGB: RGB}
"""Rows that are also Table 1's, with the names that they have there."""

SEEDS = (0, 1)


def cells() -> tuple[Cell, ...]:
    """Every row, with two seeds."""
    cells = {row: cell(row, paper_of(row), iterated(row), seeds=SEEDS) for row in ROWS}
    cells[RGB] = cell(RGB, None, placed(RGB, 10), seeds=SEEDS)
    for row, there in OF_TABLE_1.items():
        cells[row] = trained_in(cells[row], "representation_flow_table1_jhmdb", there)
    return tuple(cells.values())
