"""The rows of Table 2 on any data set: the three ways of training, alone and with an RGB stream."""

from launch.tables import Cell
from launch.tables.hidden_two_stream.flow import STEPS as MOTION_STEPS
from launch.tables.hidden_two_stream.parts.setting import spatial_command, stream_command
from launch.tables.hidden_two_stream.parts.streams import MODES, RGB, RULE, Stream, stream_cell
from launch.tables.parts.full_scale import full_scale_cell
from launch.tables.parts.fused_rows import Trained, fused_cell
from launch.tables.parts.video_sets import DataSet

COMMANDS = {
    "a": "--config.model.losses=class --config.model.motion_frozen=true",
    "b": "--config.model.losses=class",
    "c": "--config.model.losses=class,flow",
}
"""Flags of the three ways of training."""

MINUTES = {"a": 8, "b": 14, "c": 20}

SPATIAL = "rgb"


def temporal(mode: str) -> Stream:
    """The temporal stream of a way of training."""
    return Stream(model=MODES[mode], motion_steps=MOTION_STEPS)


def rows(
    table: str, data: DataSet, experiment: str, root: str, paper: dict[str, float], cited: tuple[str, ...] = ()
) -> tuple[Cell, ...]:
    """Every row: streams, streams fused, and what the paper cites.

    Args:
        table: the table's name.
        data: the data set.
        experiment: of its full-scale commands.
        root: the folder that these name.
        paper: the paper's numbers by row, percent.
        cited: rows of which the paper gives a number and nothing is computed.
    """
    streams = [
        stream_cell(
            f"stacked-{mode}",
            paper.get(f"stacked-{mode}"),
            data,
            temporal(mode),
            minutes=MINUTES[mode],
            full_scale=stream_command(experiment, root, f"{data.paper}-stacked-{mode}", COMMANDS[mode]),
        )
        for mode in MODES
    ]
    spatial = stream_cell(
        SPATIAL,
        paper.get(SPATIAL),
        data,
        RGB,
        minutes=6,
        full_scale=spatial_command(experiment, root, f"{data.paper}-spatial"),
    )
    fused = [
        fused_cell(row, paper.get(row), Trained(table, spatial), Trained(table, stream), RULE)
        for row, stream in zip((f"hidden-{mode}" for mode in MODES), streams, strict=True)
    ]
    return (*streams, spatial, *fused, *(full_scale_cell(row, paper[row]) for row in cited))
