"""ActionFlowNet, Table 1 on JHMDB (21 classes of HMDB51), split 1: the rows of `action_flow_net_table1`.

The paper: HMDB51, split 1, percent; its networks start from those of UCF101, the ones here as on UCF101.
"""

import dataclasses

from launch.tables import Cell
from launch.tables.action_flow_net.parts.rows_of_table1 import rows
from launch.tables.action_flow_net.parts.videos import SETTING, setting_of
from launch.tables.parts.video_sets import JHMDB

__all__ = ["DATA_SET", "SETTING", "cells"]

DATA_SET = "jhmdb"

STEPS = 1500

MINUTES = 15


def cells() -> tuple[Cell, ...]:
    """Every row."""
    setting = setting_of("action_flow_net_table1_jhmdb", dataclasses.replace(JHMDB, splits=(1,), steps=STEPS))
    return rows(setting, "hmdb51", MINUTES)
