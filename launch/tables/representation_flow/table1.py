"""Representation Flow, Table 1: where in the network the flow is computed; nothing of the flow is learned.

The paper: 100 iterations, Tiny-Kinetics, and HMDB51 from scratch (`.hmdb`). Here 10 iterations, because 100 on the
large features after conv1 take seconds per step. `none` is the network without flow (RGB). The paper's Flow CNN (35.4)
and two-stream network (57.6) see OpenCV's TV-L1 and have no row.
"""

from launch.tables import Cell
from launch.tables.parts.full_scale import full_scale_cell
from launch.tables.representation_flow.parts.full_scale import HMDB, command
from launch.tables.representation_flow.parts.moving_shapes_cells import SETTING, cell
from launch.tables.representation_flow.parts.places import PLACES, placed

__all__ = ["DATA_SET", "SETTING", "cells"]

DATA_SET = "moving_shapes"


def cells() -> tuple[Cell, ...]:
    """Every place, the paper's best and the baseline first, and then the paper's numbers on HMDB51."""
    here = [
        cell(place, tiny, placed(place, 10), full_scale=command(placed(place, 100)))
        for place, (tiny, _) in PLACES.items()
    ]
    hmdb = [
        full_scale_cell(f"{place}.hmdb", number, command(placed(place, 100), **HMDB))
        for place, (_, number) in PLACES.items()
        if number is not None
    ]
    return (*here, *hmdb)
