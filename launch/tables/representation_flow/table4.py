"""Representation Flow, Table 4: how RGB and flow are fused, by the place of the flow; 10 iterations, learned.

The paper: Tiny-Kinetics. Rows are `<fusion>.<place>`; `late` averages the predictions of `none.<place>` and of the
network of frames of Table 1, which were trained apart.
"""

from launch.tables import Cell
from launch.tables.parts.fused_rows import Trained, fused_cell
from launch.tables.parts.shared_training import trained_in
from launch.tables.representation_flow.parts import rgb_network
from launch.tables.representation_flow.parts.full_scale import RULE, command, folder_of, late_command
from launch.tables.representation_flow.parts.moving_shapes_cells import SETTING, cell

__all__ = ["DATA_SET", "SETTING", "cells"]

DATA_SET = "moving_shapes"

TABLE = "representation_flow_table4"

SHARED = {
    "none.block3": ("representation_flow_table3", "10.learned.rate-0.3"),
    "none.input": ("representation_flow_table5", "flow.input"),
}
"""Rows that are also other tables', with the names that they have there."""

PLACES = ("input", "block1", "block3")
PAPER = {
    "none": (37.4, 52.4, 59.4),
    "late": (61.3, 60.4, 61.5),
    "layer_multiply": (60.1, 61.7, 61.7),
    "concat": (42.4, 48.5, 47.6),
    "add": (59.7, 57.2, 56.5),
    "multiply": (58.3, 58.1, 57.8),
}
"""By fusion: accuracy in percent with the flow of the input, after block 1 and after block 3."""


def cells() -> tuple[Cell, ...]:
    """Every row, block 3 first, where the paper puts the flow."""
    columns = [(place, k) for k, place in enumerate(PLACES)][::-1]
    return tuple(_cell(fusion, place, PAPER[fusion][k]) for place, k in columns for fusion in PAPER)


def model(fusion: str, place: str) -> dict:
    """The options of a row's network; at the input, the flow is that of the colour channels themselves."""
    options = {"fusion": fusion, "place": place}
    return {**options, "bottleneck": 0} if place == "input" else options


def _cell(fusion: str, place: str, paper: float) -> Cell:
    row = f"{fusion}.{place}"
    if fusion == "late":
        return _late(row, place, paper)
    own = cell(row, paper, model(fusion, place), full_scale=command(folder_of(TABLE, row), model(fusion, place)))
    return trained_in(own, *SHARED[row]) if row in SHARED else own


def _late(row: str, place: str, paper: float) -> Cell:
    rgb, flow = rgb_network.rgb_network(), _cell("none", place, PAPER["none"][PLACES.index(place)])
    runs = (rgb_network.RUN, folder_of(TABLE, flow.row))
    full_scale = late_command(folder_of(TABLE, row), rgb.cell.full_scale, flow.full_scale, runs)
    return fused_cell(row, paper, rgb, Trained(TABLE, flow), RULE, full_scale=full_scale)
