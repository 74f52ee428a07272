"""ActionFlowNet, Table 1 on 37 classes of UCF101, split 1: top-1 of a ResNet-18 on pairs of frames, from scratch,
from a network of flow, learned together with the flow, and stacked on the flow.

The paper: UCF101, split 1, percent. `actionflownet-generated` starts from a network of flow on generated pairs, the
paper's from one on FlyingChairs; `imagenet` is computed at full scale only.
"""

import dataclasses

from launch.tables import Cell
from launch.tables.action_flow_net.parts.rows_of_table1 import rows
from launch.tables.action_flow_net.parts.videos import SETTING, setting_of
from launch.tables.parts.video_sets import UCF101

__all__ = ["DATA_SET", "SETTING", "cells"]

DATA_SET = "ucf101"

STEPS = 5000

MINUTES = 25


def cells() -> tuple[Cell, ...]:
    """Every row."""
    setting = setting_of("action_flow_net_table1", dataclasses.replace(UCF101, steps=STEPS))
    return rows(setting, "ucf101", MINUTES)
