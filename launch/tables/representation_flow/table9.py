"""Representation Flow, Table 9: the final networks on Kinetics and HMDB51, and their run time.

The paper: top-1 in percent with 32 frames of 224 x 224: `.kinetics`, `.hmdb` (from ImageNet, as in the released code),
`.hmdb-kinetics` after Kinetics, from the folder that the command of `.kinetics` writes. `2d.tvl1` sees stored TV-L1,
`two-stream` rows fuse it with RGB. `.ms` is the time of one batch on a Titan X, including OpenCV's TV-L1 on the GPU
where a network sees optical flow; ours is what `launch.benchmark --suite=representation_flow` has measured, with
ResNet-34 on two CPU cores (`to RGB`: relative to the network without flow, and the paper's). --data_dir is the folder
of its file. Networks of other papers have no command. Which (2+1)D network the paper means by its RGB row is not said;
ours is the released one.
"""

from functools import partial
from typing import Any

from launch.benchmarks.parts import table9
from launch.tables import Cell
from launch.tables.parts.full_scale import full_scale_cell
from launch.tables.representation_flow.parts.full_scale import (
    FINAL,
    HMDB,
    STACK,
    chained,
    command,
    flow_command,
    folder_of,
    imagenet_command,
    late_command,
)
from launch.tables.representation_flow.parts.run_times import run_time_cell

DATA_SET = "benchmarks"

TABLE = "representation_flow_table9"

COLUMNS = ("kinetics", "hmdb", "hmdb-kinetics", "ms")
CLIP_NETWORK = {"backbone": "resnet2plus1d_released"}
FCF = {"flows": "fcf"}
NON_LOCAL = {"non_local": ("block3", "block4")}
PAPER = {
    "2d.flow": (68.5, 73.5, 76.4, 524),
    "2d.fcf": (69.4, 74.4, 77.3, 576),
    "2d.rgb": (61.3, 53.4, 59.4, 225),
    "2plus1d.flow": (75.5, None, 77.1, 622),
    "2plus1d.fcf": (77.1, None, 81.1, 654),
    "2plus1d.fcf-non-local": (77.9, None, 81.1, 865),
    "2plus1d.rgb": (74.3, None, 74.5, 471),
    "2d.tvl1": (48.2, 57.3, 61.2, 8039),
    "2d.two-stream": (64.5, 62.4, 66.6, 8546),
    "2d.tvnet-rgb": (None, 71.0, None, 785),
    "2d.off-rgb": (None, 57.1, None, 365),
    "2d.off-three-streams": (None, 74.2, None, 9520),
    "2plus1d.two-stream": (75.4, None, 78.7, 8623),
    "s3d.rgb": (74.7, None, 75.9, 525),
    "s3d.two-stream": (77.2, None, None, 8886),
    "i3d.rgb": (71.1, 49.8, 74.3, 594),
    "i3d.flow": (63.4, 61.9, 77.3, 8845),
    "i3d.two-stream": (74.2, 66.4, 80.7, 9354),
    "resnet101-non-local": (77.7, None, None, 3750),
}
"""By row: the paper's numbers by column."""

NETWORKS: dict[str, dict[str, Any]] = {
    "2d.flow": {},
    "2d.fcf": FCF,
    "2d.rgb": {"place": "none"},
    "2plus1d.flow": CLIP_NETWORK,
    "2plus1d.fcf": {**CLIP_NETWORK, **FCF},
    "2plus1d.fcf-non-local": {**CLIP_NETWORK, **FCF, **NON_LOCAL},
    "2plus1d.rgb": {**CLIP_NETWORK, "place": "none"},
    "2d.tvl1": {"place": "none", "motion": "stored", "flow_fields": STACK},
    "2plus1d.tvl1": {**CLIP_NETWORK, "place": "none", "motion": "stored"},
}
"""By row, and of the flow network that is fused in (2+1)D: the options of our network."""

TWO_STREAM = {"2d.two-stream": ("2d.rgb", "2d.tvl1"), "2plus1d.two-stream": ("2plus1d.rgb", "2plus1d.tvl1")}
"""By row: the networks that are fused."""

MEASURED = {
    "2d.rgb": table9.RGB,
    "2d.flow": table9.FLOW,
    "2d.fcf": table9.FCF,
    "2d.two-stream": table9.TWO_STREAM,
}
"""By row: what the benchmark calls it."""

DEPTH = 50


def cells() -> tuple[Cell, ...]:
    """Every number, the paper's own networks first."""
    return tuple(
        _cell(row, column, number)
        for row, numbers in PAPER.items()
        for column, number in zip(COLUMNS, numbers, strict=True)
        if number is not None
    )


def _cell(row: str, column: str, paper: float) -> Cell:
    name = f"{row}.{column}"
    if column != "ms":
        return full_scale_cell(name, paper, _command(row, column))
    if row not in MEASURED:
        return full_scale_cell(name, paper, number="ms")
    return run_time_cell(name, paper, MEASURED[row])


def _command(row: str, column: str) -> str:
    if row in TWO_STREAM:
        rgb, flow = TWO_STREAM[row]
        runs = tuple(folder_of(TABLE, f"{part}.{column}") for part in (rgb, flow))
        return late_command(folder_of(TABLE, f"{row}.{column}"), _command(rgb, column), _command(flow, column), runs)
    if row not in NETWORKS:
        return ""
    model = NETWORKS[row]
    clips, folder = "backbone" in model, folder_of(TABLE, f"{row}.{column}")
    make = partial(flow_command if model.get("motion") else command, folder)
    if column == "kinetics":
        return make(model, FINAL, clips=clips)
    if column == "hmdb-kinetics":
        return make(model, HMDB, clips=clips, init_from=folder_of(TABLE, f"{row}.kinetics"))
    converted, start = imagenet_command(DEPTH, "resnet2d")
    return chained(converted, make({**model, "scaling": "imagenet"}, HMDB, clips=clips, **start))
