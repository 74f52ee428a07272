"""Representation Flow, Table 7: flow of the features of a (2+1)D ResNet-18; 10 iterations, learned.

The paper: Tiny-Kinetics; its (2+1)D is Xie et al.'s separation, 1 x k x k and then k x 1 x 1 of as many channels. The
rows `.tran` have Tran et al.'s R(2+1)D, with more planes between. `none` is the network without flow (RGB), `tvl1` sees
stored TV-L1, `two-stream` is the two fused; `off` is another paper's motion unit: its number only. 450 steps: after 150
the network without flow has hardly begun to learn (14 % of eight frames, where the 3D network has 69).
"""

from launch.tables import Cell
from launch.tables.representation_flow.parts.clip_networks import ClipNetwork
from launch.tables.representation_flow.parts.moving_shapes_cells import SETTING

__all__ = ["DATA_SET", "SETTING", "cells"]

DATA_SET = "moving_shapes"

TABLE = "representation_flow_table7"

STEPS = 450

PAPER = {"none": 53.4, "input": 39.2, "block1": 57.3, "block3": 60.7, "tvl1": 36.3, "two-stream": 55.6, "off": 53.7}
"""Accuracy on Tiny-Kinetics, in percent, by place or by the name of another row."""


def cells() -> tuple[Cell, ...]:
    """Every row, the flow at the paper's best place and the baseline first, and two rows of the other network."""
    tran = ClipNetwork(TABLE, "resnet2plus1d", steps=STEPS)
    others = (tran.cell(place, None, ".tran") for place in ("block3", "none"))
    return (*ClipNetwork(TABLE, "resnet2plus1d_separated", steps=STEPS).cells(PAPER), *others)
