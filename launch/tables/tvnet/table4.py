"""TVNet, Table 4 on 37 classes of UCF101, split 1: RGB and TVNet fused 1 : 2, trained with three segments (TSN), and
with improved dense trajectories.

`two-streams` fuses the streams of `tvnet_table3` (TVNet at its picked rate); `-tsn` rows those that were trained on
three segments of every video. `-idt` averages in the decision values of improved dense trajectories, both
L2-normalised: of their 3783 test videos the common ones, of their 101 classes the 37. The paper: UCF101, the mean of
three splits, percent; rows without a command are the papers that it cites.
"""

from launch.tables import Cell
from launch.tables.parts.video_sets import UCF101
from launch.tables.tvnet.parts.rows_of_table4 import rows
from launch.tables.tvnet.parts.setting import SETTING

__all__ = ["DATA_SET", "SETTING", "cells"]

DATA_SET = "ucf101"


def cells() -> tuple[Cell, ...]:
    """Every row."""
    return rows(UCF101, "tvnet_table4", "tvnet_table3", idt=True)
