"""Rows of two tables with one training: it is kept where the first of them keeps it, and done once."""

import dataclasses
from functools import partial
from pathlib import Path

from launch.evaluators import Measurement
from launch.tables import Cell
from launch.tables.parts.stored import weights_file


def trained_in(cell: Cell, table: str, row: str) -> Cell:
    """The same cell, whose training is that of another table's row: done if it is not yet, and only measured if it is.

    Args:
        cell: the cell, which trains what that row trains.
        table: the name of the other table.
        row: the row's name.

    Raises:
        ValueError: the cell trains nothing here.
    """
    if cell.run is None:
        raise ValueError(f"Only cells that are computed here share a training. Received: {cell.row}")
    return dataclasses.replace(cell, run=partial(_run_in, cell, table, row))


def _run_in(cell: Cell, table: str, row: str, data_dir: str, seed: int, weights: Path) -> Measurement:
    assert cell.run is not None
    return cell.run(data_dir, seed, weights_file(weights.parent.parent, table, row, seed))
