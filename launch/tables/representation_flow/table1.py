"""Representation Flow, Table 1: where in the network the flow is computed; nothing of the flow is learned.

The paper: 100 iterations, Tiny-Kinetics, and HMDB51 of low resolution from random weights (`.hmdb`). Here 10
iterations, because 100 on the large features after conv1 take seconds per step. `none` is the network without flow
(RGB), `flow` the paper's Flow CNN, which sees stored TV-L1, `two-stream` the two fused.
"""

from launch.tables import Cell
from launch.tables.parts.full_scale import full_scale_cell
from launch.tables.parts.fused_rows import Trained, fused_cell
from launch.tables.representation_flow.parts import rgb_network
from launch.tables.representation_flow.parts.full_scale import (
    LOWRES_HMDB,
    RULE,
    STACK,
    STUDY,
    command,
    flow_command,
    folder_of,
    late_command,
)
from launch.tables.representation_flow.parts.moving_shapes_cells import SETTING, cell
from launch.tables.representation_flow.parts.places import FLOW_CNN, PLACES, TWO_STREAM, placed
from launch.tables.representation_flow.parts.stored_tvl1 import FLOW

__all__ = ["DATA_SET", "SETTING", "cells"]

DATA_SET = "moving_shapes"

TABLE = rgb_network.TABLE

RGB = rgb_network.ROW


def cells() -> tuple[Cell, ...]:
    """Every place, the paper's best and the baseline first, the two that see TV-L1, and the numbers on HMDB51."""
    commands = _commands(STUDY)
    rgb = rgb_network.rgb_network()
    here = [
        rgb.cell if place == RGB else cell(place, tiny, placed(place, 10), full_scale=commands[place])
        for place, (tiny, _) in PLACES.items()
    ]
    flow = cell("flow", FLOW_CNN[0], FLOW, full_scale=commands["flow"])
    fused = fused_cell("two-stream", TWO_STREAM[0], rgb, Trained(TABLE, flow), RULE, full_scale=commands["two-stream"])
    papers = {place: paper for place, (_, paper) in PLACES.items()} | {"flow": FLOW_CNN[1], "two-stream": TWO_STREAM[1]}
    of_hmdb = _commands(LOWRES_HMDB, ".hmdb")
    hmdb = [full_scale_cell(f"{row}.hmdb", paper, of_hmdb[row]) for row, paper in papers.items() if paper is not None]
    return (*here, flow, fused, *hmdb)


def _commands(experiment: str, ending: str = "") -> dict[str, str]:
    """The commands of every row, whose folders end as given."""
    folders = {row: folder_of(TABLE, f"{row}{ending}") for row in (*PLACES, "flow", "two-stream")}
    commands = {place: command(folders[place], placed(place, 100), experiment) for place in PLACES}
    commands["flow"] = flow_command(folders["flow"], {"flow_fields": STACK}, experiment)
    runs = (folders[RGB], folders["flow"])
    fused = late_command(folders["two-stream"], commands[RGB], commands["flow"], runs)
    return commands | {"two-stream": fused}
