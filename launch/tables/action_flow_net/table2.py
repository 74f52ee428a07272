"""ActionFlowNet, Table 2: single networks of raw pixels that have seen no other labels than UCF101's, split 1.

The two last rows are `fine-tune` and `actionflownet` of `action_flow_net_table1`. The paper's Table 1 has 47.7 where
this one has 47.3 for the network from scratch.
"""

from launch.tables import Cell
from launch.tables.action_flow_net.parts.rows_of_table1 import ROOTS
from launch.tables.action_flow_net.parts.videos import full_scale
from launch.tables.parts.full_scale import full_scale_cell

DATA_SET = ""

PAPER = {
    "scratch": 47.3,
    "alexnet-scratch": 52.9,
    "sequential-verification": 50.9,
    "vgan": 52.1,
    "fine-tune": 66.0,
    "actionflownet": 70.0,
}
"""Top-1, percent."""


def cells() -> tuple[Cell, ...]:
    """Every row; those of other papers have their numbers alone."""
    commands = full_scale("ucf101", ROOTS["ucf101"])
    return tuple(full_scale_cell(row, paper, commands.get(row, "")) for row, paper in PAPER.items())
