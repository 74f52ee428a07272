"""The rows of Table 1 on videos."""

from launch.tables import Cell
from launch.tables.action_flow_net.parts.networks import (
    FLOW_ROW,
    Setting,
    flow_cell,
    network_cell,
)
from launch.tables.action_flow_net.parts.videos import full_scale
from launch.tables.parts.full_scale import full_scale_cell

PAPER = {
    "ucf101": {
        "scratch": 47.7,
        "fine-tune": 66.0,
        "stacked": 69.6,
        "actionflownet": 70.0,
        "actionflownet-generated": 71.0,
        "stacked-end-to-end": 56.2,
        "imagenet": 80.7,
    },
    "hmdb51": {
        "scratch": 23.9,
        "fine-tune": 29.1,
        "stacked": 42.4,
        "actionflownet": 42.4,
        "actionflownet-generated": 42.6,
        "imagenet": 45.0,
    },
}
"""The paper's accuracies on split 1, percent; `actionflownet-generated` is its FlCh+UCF101."""

ROWS = (
    "scratch",
    "fine-tune",
    "actionflownet",
    "stacked",
    "actionflownet-generated",
    "stacked-full-size",
    "stacked-end-to-end",
)

CLAIM = ("scratch", "fine-tune", "actionflownet")
"""The rows of the central claim, which have three seeds."""

ROOTS = {"ucf101": "UCF-101", "hmdb51": "hmdb51"}


def rows(setting: Setting, paper: str, minutes: float) -> tuple[Cell, ...]:
    """Every row, the network of flow and the central claim first.

    Args:
        setting: the data set and the training.
        paper: the paper's column, "ucf101" or "hmdb51".
        minutes: time that a training takes on two CPU cores, about.
    """
    commands, numbers = full_scale(paper, ROOTS[paper]), PAPER[paper]
    cells = [flow_cell(setting, minutes=minutes, full_scale=commands[FLOW_ROW])]
    for row in ROWS:
        seeds = (0, 1, 2) if row in CLAIM else (0,)
        cells.append(
            network_cell(row, numbers.get(row), setting, seeds=seeds, minutes=minutes, full_scale=commands[row])
        )
    return (*cells, full_scale_cell("imagenet", numbers["imagenet"], commands["imagenet"]))
