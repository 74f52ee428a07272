"""Cells whose number is computed at full scale only, or by others."""

from launch.tables import Cell


def full_scale_cell(row: str, paper: float, full_scale: str = "", *, number: str = "top1") -> Cell:
    """A cell without a small version; without a command either, where the paper compares with networks of others.

    Args:
        row: the cell's name.
        paper: the paper's number.
        full_scale: the command that computes it.
        number: name of the number.
    """
    return Cell(
        row, paper, number, {}, {}, None, 0.0, percent=number == "top1", comparable=False, full_scale=full_scale
    )
