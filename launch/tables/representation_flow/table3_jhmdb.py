"""Representation Flow, Table 3 on JHMDB, split 1: how many iterations, learned and not; after block 3.

The paper: Tiny-Kinetics. `learned` is divergence, tau, lambda and theta, at the rate that all tables on JHMDB have: no
rate was chosen here.
"""

from launch.tables import Cell
from launch.tables.representation_flow.parts.iterations import iterated, paper_of
from launch.tables.representation_flow.parts.jhmdb_cells import SETTING, cell

__all__ = ["DATA_SET", "SETTING", "cells"]

DATA_SET = "jhmdb"

ROWS = ("10.learned", "10.fixed", "20.learned", "none")
"""`none` is the network without flow, of which the paper says in Table 1 what it gives."""


def cells() -> tuple[Cell, ...]:
    """Every row, with two seeds."""
    return tuple(_cell(row) for row in ROWS)


def _cell(row: str) -> Cell:
    if row == "none":
        return cell(row, None, {"place": "none"}, seeds=(0, 1))
    return cell(row, paper_of(row), iterated(row), seeds=(0, 1))
