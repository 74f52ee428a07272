"""Representation Flow, Table 2: which parameters of the flow are learned; after block 3, 100 iterations.

The paper: Tiny-Kinetics, and HMDB51 of low resolution from random weights (`.hmdb`). Here the flow's parameters learn
at 3 times the common rate, as in Table 3. One seed: the number of clips alone gives a difference a standard error of
3.6 points.
"""

from launch.tables import Cell
from launch.tables.parts.full_scale import full_scale_cell
from launch.tables.parts.shared_training import trained_in
from launch.tables.representation_flow.parts.full_scale import LOWRES_HMDB, command, folder_of
from launch.tables.representation_flow.parts.moving_shapes_cells import FAST_FLOW_RATE, SETTING, cell

__all__ = ["DATA_SET", "SETTING", "cells"]

DATA_SET = "moving_shapes"

TABLE = "representation_flow_table2"

TABLE_3 = "representation_flow_table3"
OF_TABLE_3 = {"none": "100.fixed", "divergence-constants": "100.learned"}
"""Rows that are also Table 3's, with the names that they have there."""

CONSTANTS = ("tau", "lambda", "theta")
PAPER = {
    "divergence-constants": (("divergence", *CONSTANTS), 60.7, 46.8),
    "none": ((), 59.4, 45.4),
    "divergence": (("divergence",), 60.2, 46.4),
    "constants": (CONSTANTS, 59.9, 46.2),
    "sobel": (("sobel",), 58.5, 43.5),
    "all": (("sobel", "divergence", *CONSTANTS), 59.2, 46.2),
}
"""By row: what is learned, and accuracy on Tiny-Kinetics and on HMDB51, in percent."""


def cells() -> tuple[Cell, ...]:
    """Every row, the paper's best and the baseline first, and then the paper's numbers on HMDB51."""
    here = [
        cell(row, tiny, {**model(learn), **FAST_FLOW_RATE}, full_scale=command(folder_of(TABLE, row), model(learn)))
        for row, (learn, tiny, _) in PAPER.items()
    ]
    here = [trained_in(each, TABLE_3, OF_TABLE_3[each.row]) if each.row in OF_TABLE_3 else each for each in here]
    return (*here, *(_of_hmdb(f"{row}.hmdb", learn, number) for row, (learn, _, number) in PAPER.items()))


def model(learn: tuple[str, ...]) -> dict:
    """The options of a row's network."""
    return {"iterations": 100, "learn": learn}


def _of_hmdb(row: str, learn: tuple[str, ...], paper: float) -> Cell:
    return full_scale_cell(row, paper, command(folder_of(TABLE, row), model(learn), LOWRES_HMDB))
