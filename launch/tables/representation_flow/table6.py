"""Representation Flow, Table 6: flow of the features of an inflated 3D ResNet-18; 10 iterations, learned.

The paper: Tiny-Kinetics, from ImageNet weights that are inflated; here from random ones. `none` is the network without
flow (RGB), `tvl1` sees stored TV-L1, `two-stream` is the two fused; `off` is another paper's motion unit: its number
only.
"""

from launch.tables import Cell
from launch.tables.representation_flow.parts.clip_networks import ClipNetwork
from launch.tables.representation_flow.parts.moving_shapes_cells import SETTING

__all__ = ["DATA_SET", "SETTING", "cells"]

DATA_SET = "moving_shapes"

PAPER = {"none": 54.6, "input": 38.5, "block1": 58.4, "block3": 59.7, "tvl1": 37.6, "two-stream": 57.5, "off": 54.8}
"""Accuracy on Tiny-Kinetics, in percent, by place or by the name of another row."""


def cells() -> tuple[Cell, ...]:
    """Every row, the flow at the paper's best place and the baseline first."""
    return ClipNetwork("representation_flow_table6", "resnet3d_inflated", inflated=True).cells(PAPER)
