"""Rows of two tables with one training: it is kept where the first of them keeps it, and done once."""

import dataclasses

from launch.tables import Cell


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
    return dataclasses.replace(cell, trained_as=(table, row))
