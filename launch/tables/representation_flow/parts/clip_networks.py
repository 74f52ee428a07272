"""Flow inside networks that convolve in time already: Representation Flow's Tables 6 and 7."""

from typing import Any

from launch.tables import Cell
from launch.tables.parts.full_scale import full_scale_cell
from launch.tables.representation_flow.parts.full_scale import command
from launch.tables.representation_flow.parts.moving_shapes_cells import cell

PLACES = ("block3", "none", "input", "block1")
BATCH: dict[str, Any] = {"train.batch_size": 24}
FRAMES = 8
"""Number of frames of a clip, of which pooling and strides leave two after block 3."""


def clip_network_cells(backbone: str, paper: dict[str, float]) -> tuple[Cell, ...]:
    """The cells of a table, with and without flow, and then the paper's numbers of other methods.

    Args:
        backbone: the name of a module of models/resnets/families.
        paper: the paper's accuracy on Tiny-Kinetics, in percent, by place or by the name of another method.
    """
    options = {"backbone": backbone, "iterations": 10}
    ours = []
    for place in PLACES:
        model = {**options, "place": place} | ({"bottleneck": 0} if place == "input" else {})
        full = command({**model, "depth": 18}, **BATCH)
        ours.append(cell(place, paper[place], model, frames=FRAMES, minutes=1.5, full_scale=full))
    others = [full_scale_cell(name, number) for name, number in paper.items() if name not in PLACES]
    return (*ours, *others)
