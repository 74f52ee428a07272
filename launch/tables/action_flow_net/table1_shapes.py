"""ActionFlowNet, the central claim of Table 1 on Moving Shapes: from scratch, from a network of flow, and together with
the flow, which is exact here.

The paper: UCF101, split 1, percent: compare orders, not values. The classes of Moving Shapes are motions, which no
single frame tells; chance is 8.3 %.
"""

import dataclasses

from launch.experiments import moving_shapes
from launch.tables import Cell
from launch.tables.action_flow_net.parts.networks import METHOD, Setting, flow_cell, network_cell
from launch.tables.action_flow_net.parts.rows_of_table1 import CLAIM, PAPER
from launch.tables.parts.moving_shapes import on_generated_clips

DATA_SET = "moving_shapes"

SETTING = """
Here: 480 clips to learn from and 300 to test. A ResNet-18 of a quarter of the paper's width on pairs of whole frames of
64 x 64; batch 16, Adam 0.001 with cosine decay, no dropout; 600 steps for every row, and as many before for the network
of flow, which all seeds share. Tested on the middle pair.
"""

STEPS = 600


def cells() -> tuple[Cell, ...]:
    """The network of flow, and three seeds of each row of the claim."""
    setting = _setting()
    claim = (network_cell(row, PAPER["ucf101"][row], setting, seeds=(0, 1, 2), minutes=1) for row in CLAIM)
    return (flow_cell(setting, minutes=2), *claim)


def _setting() -> Setting:
    base = moving_shapes.config(METHOD)
    config = dataclasses.replace(
        base,
        model=dataclasses.replace(base.model, width=16),
        train=dataclasses.replace(base.train, steps=STEPS, lr=1e-3, log_every=50, checkpoint_every=100),
    )
    return Setting("action_flow_net_table1_shapes", config, on_generated_clips)
