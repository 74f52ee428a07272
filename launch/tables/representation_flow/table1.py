"""Representation Flow, Table 1: where in the network the flow is computed; nothing of the flow is learned.

The paper: 100 iterations, Tiny-Kinetics, and HMDB51 from scratch (`.hmdb`). Here 10 iterations, because 100 on the
large features after conv1 take seconds per step. `none` is the network without flow (RGB). The paper's Flow CNN (35.4)
and two-stream network (57.6) see OpenCV's TV-L1 and have no row.
"""

from launch.tables import Cell
from launch.tables.parts.full_scale import full_scale_cell
from launch.tables.representation_flow.parts.full_scale import HMDB, command
from launch.tables.representation_flow.parts.moving_shapes_cells import SETTING, cell

__all__ = ["DATA_SET", "SETTING", "cells"]

DATA_SET = "moving_shapes"

PAPER = {
    "block3": (59.4, 45.4),
    "none": (55.2, 35.5),
    "input": (37.4, 40.5),
    "block1": (52.4, 42.6),
    "block2": (57.4, 44.5),
    "block4": (52.1, 43.5),
    "block5": (50.3, 42.2),
    "conv1": (None, None),
}
"""By place: accuracy on Tiny-Kinetics and on HMDB51, in percent. The paper has no number for conv1."""


def cells() -> tuple[Cell, ...]:
    """Every place, the paper's best and the baseline first, and then the paper's numbers on HMDB51."""
    here = [
        cell(place, tiny, model(place, 10), full_scale=command(model(place, 100))) for place, (tiny, _) in PAPER.items()
    ]
    hmdb = [
        full_scale_cell(f"{place}.hmdb", number, command(model(place, 100), **HMDB))
        for place, (_, number) in PAPER.items()
        if number is not None
    ]
    return (*here, *hmdb)


def model(place: str, iterations: int) -> dict:
    """The options of a row's network; at the input, the flow is that of the colour channels themselves."""
    options = {"place": place, "iterations": iterations, "learn": ()}
    return {**options, "bottleneck": 0} if place == "input" else options
