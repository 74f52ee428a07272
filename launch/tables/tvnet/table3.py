"""TVNet, Table 3 on 37 classes of UCF101: top-1 of one temporal network on stored flow of classical solvers, and on
TVNet-50 without training, trained without the flow loss, and in full; the RGB stream beside.

The paper: UCF101, split 1, percent.
"""

from launch.tables import Cell
from launch.tables.parts.video_sets import UCF101
from launch.tables.tvnet.parts.rows_of_table3 import rows
from launch.tables.tvnet.parts.setting import SETTING

__all__ = ["DATA_SET", "SETTING", "cells"]

DATA_SET = "ucf101"


def cells() -> tuple[Cell, ...]:
    """Every row."""
    return rows(UCF101)
