"""Representation Flow, Table 3: how many iterations, with the flow's parameters learned and not; after block 3.

The paper: Tiny-Kinetics. `learned` is divergence, tau, lambda and theta. Here they learn at 3 times the common rate,
which was chosen by the test accuracy of one cell (5 iterations, seed 0), before the mathematics of today: of that cell
the choice says nothing any more. `10.learned.rate-0.01` is the paper's own rate, beside 0.3. Three seeds.
"""

from launch.tables import Cell
from launch.tables.representation_flow.parts.full_scale import command, folder_of
from launch.tables.representation_flow.parts.iterations import ITERATIONS, LEARN, iterated, paper_of
from launch.tables.representation_flow.parts.moving_shapes_cells import FAST_FLOW_RATE, SETTING, cell

__all__ = ["DATA_SET", "SETTING", "cells"]

DATA_SET = "moving_shapes"

TABLE = "representation_flow_table3"

RATES = (0.01, 0.3)
"""The paper's multiple of the common rate, and that of the other tables."""

RATED = "10.learned"


def cells() -> tuple[Cell, ...]:
    """Every row, the paper's choice and the ends first, and then the paper's choice at other rates."""
    rows = [f"{iterations}.{name}" for iterations in ITERATIONS for name in LEARN]
    of_rates = [_cell(RATED, {"motion_rate": rate}, f".rate-{rate}") for rate in RATES]
    return (*(_cell(row, FAST_FLOW_RATE) for row in rows), *of_rates)


def _cell(row: str, rate: dict, ending: str = "") -> Cell:
    full_scale = command(folder_of(TABLE, row), iterated(row))
    return cell(f"{row}{ending}", paper_of(row), {**iterated(row), **rate}, seeds=(0, 1, 2), full_scale=full_scale)
