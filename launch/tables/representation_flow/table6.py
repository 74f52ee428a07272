"""Representation Flow, Table 6: flow of the features of an inflated 3D ResNet-18; 10 iterations, learned.

The paper: Tiny-Kinetics. `none` is the network without flow (RGB). `tvl1` and `two-stream` see OpenCV's TV-L1, `off`
is another paper's motion unit: their numbers only.
"""

from launch.tables import Cell
from launch.tables.representation_flow.parts.clip_networks import clip_network_cells
from launch.tables.representation_flow.parts.moving_shapes_cells import SETTING

__all__ = ["DATA_SET", "SETTING", "cells"]

DATA_SET = "moving_shapes"

PAPER = {"none": 54.6, "input": 38.5, "block1": 58.4, "block3": 59.7, "tvl1": 37.6, "two-stream": 57.5, "off": 54.8}

"""Accuracy on Tiny-Kinetics, in percent, by place or by the name of another method."""


def cells() -> tuple[Cell, ...]:
    """Every row, the flow at the paper's best place and the baseline first."""
    return clip_network_cells("resnet3d_inflated", PAPER)
