"""TVNet, Table 4 on JHMDB: the rows of `tvnet_table4`, the mean over JHMDB's three splits.

Decision values of improved dense trajectories are known for HMDB51's splits, which are not JHMDB's, so there is no row
with them. The paper: HMDB51, the mean of three splits, percent; rows without a command are the papers that it cites.
"""

from launch.tables import Cell
from launch.tables.parts.video_sets import JHMDB
from launch.tables.tvnet.parts.rows_of_table4 import rows
from launch.tables.tvnet.parts.setting import SETTING

__all__ = ["DATA_SET", "SETTING", "cells"]

DATA_SET = "jhmdb"


def cells() -> tuple[Cell, ...]:
    """Every row."""
    return rows(JHMDB, "tvnet_table4_jhmdb", "tvnet_table3_jhmdb", idt=False)
