"""Representation Flow, Table 8: other motion representations of one stream of frames, without flow of flow or fusion.

The paper: 16 frames of 224 x 224, 10 iterations learned, Tiny-Kinetics and HMDB51 (`.hmdb`). `actionflownet` and
`tvnet` are this project's networks of those papers, at full scale with this paper's schedule; the paper took their
authors' code where there was any. `mfnet` and `off` have their numbers only. What the paper's networks on HMDB51 start
from it does not say: here from ImageNet, ActionFlowNet from random weights. On Moving Shapes `tvnet` is in front of a
small image network, `actionflownet` learns the classes with the exact flow: networks of different sizes.
"""

from typing import Any

from launch.tables import Cell
from launch.tables.parts.full_scale import full_scale_cell
from launch.tables.parts.shared_training import trained_in
from launch.tables.representation_flow.parts.full_scale import (
    LOWRES_HMDB,
    METHOD,
    STUDY,
    chained,
    command,
    folder_of,
    imagenet_command,
    stored_tvl1,
)
from launch.tables.representation_flow.parts.moving_shapes_cells import SETTING, cell

__all__ = ["DATA_SET", "SETTING", "cells"]

DATA_SET = "moving_shapes"

TABLE = "representation_flow_table8"

OURS, TVNET, ACTION_FLOW_NET = "ours", "tvnet", "actionflownet"

OF_TABLE_3 = ("representation_flow_table3", "10.learned.rate-0.3")
"""Our row, with the name that it has there."""

PAPER = {
    OURS: (61.1, 65.4),
    TVNET: (39.4, 57.5),
    ACTION_FLOW_NET: (51.8, 56.2),
    "mfnet": (52.5, 56.8),
    "off": (55.6, 56.9),
}
"""By row: accuracy on Tiny-Kinetics and on HMDB51, in percent."""

METHODS = {OURS: METHOD, TVNET: "tvnet", ACTION_FLOW_NET: "action_flow_net"}

HERE: dict[str, dict[str, Any]] = {
    OURS: {},
    TVNET: {"iterations": 10, "flow_bound": 4.0, "dropout": 0.0},
    ACTION_FLOW_NET: {"depth": 10, "width": 16, "dropout": 0.0},
}
"""Options by row on Moving Shapes."""

PUBLISHED: dict[str, dict[str, Any]] = {
    OURS: {"depth": 34},
    TVNET: {"backbone": "resnet34", "iterations": 10},
    ACTION_FLOW_NET: {},
}
"""Options by row at full scale, as in this paper a ResNet-34; ActionFlowNet's own ResNet-18."""

LARGE = {"data.height": 224, "data.width": 224, "data.resize_short": 256}

IMAGENET = {OURS: ("resnet2d", METHOD), TVNET: ("resnet34", "rgb")}
"""By row: the network that ImageNet weights are brought into, and the method that it belongs to."""

FINE_TUNED: dict[str, dict[str, Any]] = {
    OURS: {"model.dropout": 0.8, "model.scaling": "imagenet"},
    TVNET: {"model.dropout": 0.8},
}
"""Fields by row after ImageNet; flow has no range of frames."""


def cells() -> tuple[Cell, ...]:
    """Every row, the paper's own first, and then the numbers on HMDB51."""
    here = [
        cell(row, PAPER[row][0], model, method=METHODS[row], full_scale=_command(row, STUDY))
        for row, model in HERE.items()
    ]
    here = [trained_in(each, *OF_TABLE_3) if each.row == OURS else each for each in here]
    cited = [full_scale_cell(row, tiny) for row, (tiny, _) in PAPER.items() if row not in HERE]
    hmdb = [full_scale_cell(f"{row}.hmdb", number, _command(row, LOWRES_HMDB)) for row, (_, number) in PAPER.items()]
    return (*here, *cited, *hmdb)


def _command(row: str, experiment: str) -> str:
    if row not in METHODS:
        return ""
    hmdb = experiment == LOWRES_HMDB
    folder = folder_of(TABLE, f"{row}.hmdb" if hmdb else row)
    method, model, before = METHODS[row], PUBLISHED[row], ""
    fields: dict[str, Any] = dict(LARGE)
    if row == ACTION_FLOW_NET:
        before, seen = stored_tvl1(experiment)
        fields |= seen
    elif hmdb:
        before, start = imagenet_command(34, *IMAGENET[row])
        fields |= {**FINE_TUNED[row], **start}
    trained = command(folder, model, experiment, method=method, **fields)
    return chained(before, trained) if before else trained
