"""Representation Flow, Table 1 on JHMDB, split 1: where in the network the flow is computed; nothing of it is learned.

The rows of `representation_flow_table1` that tell the paper's claims. The paper: HMDB51 of low resolution from scratch,
100 iterations; here 10, because 100 on the large features take seconds per step.
"""

from launch.tables import Cell
from launch.tables.representation_flow.parts.jhmdb_cells import SETTING, cell
from launch.tables.representation_flow.parts.places import PLACES, placed

__all__ = ["DATA_SET", "SETTING", "cells"]

DATA_SET = "jhmdb"

ROWS = ("none", "block3", "input", "block1", "block5", "conv1")
"""The two that must stand above chance first."""

MINUTES = {"conv1": 6.5}
"""Where the features are largest and gradients go through the flow."""


def cells() -> tuple[Cell, ...]:
    """Every row."""
    return tuple(cell(place, PLACES[place][1], placed(place, 10), minutes=MINUTES.get(place, 5.0)) for place in ROWS)
