"""TVNet, Table 3 on JHMDB: the rows of `tvnet_table3`, the mean over JHMDB's three splits (21 classes, 928 clips of
HMDB51).

The paper: HMDB51, split 1, percent.
"""

from launch.tables import Cell
from launch.tables.parts.video_sets import JHMDB
from launch.tables.tvnet.parts.rows_of_table3 import rows
from launch.tables.tvnet.parts.setting import SETTING

__all__ = ["DATA_SET", "SETTING", "cells"]

DATA_SET = "jhmdb"


def cells() -> tuple[Cell, ...]:
    """Every row."""
    return rows(JHMDB)
