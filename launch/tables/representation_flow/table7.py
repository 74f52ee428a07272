"""Representation Flow, Table 7: flow of the features of a (2+1)D ResNet-18; 10 iterations, learned.

The paper: Tiny-Kinetics. `none` is the network without flow (RGB). `tvl1` and `two-stream` see OpenCV's TV-L1, `off`
is another paper's motion unit: their numbers only.
"""

from launch.tables import Cell
from launch.tables.representation_flow.parts.clip_networks import clip_network_cells
from launch.tables.representation_flow.parts.moving_shapes_cells import SETTING

__all__ = ["DATA_SET", "SETTING", "cells"]

DATA_SET = "moving_shapes"

PAPER = {"none": 53.4, "input": 39.2, "block1": 57.3, "block3": 60.7, "tvl1": 36.3, "two-stream": 55.6, "off": 53.7}

"""Accuracy on Tiny-Kinetics, in percent, by place or by the name of another method."""


def cells() -> tuple[Cell, ...]:
    """Every row, the flow at the paper's best place and the baseline first."""
    return clip_network_cells("resnet2plus1d", PAPER)
