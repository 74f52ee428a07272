"""Representation Flow, Table 9: the final networks on Kinetics and HMDB51, and their run time.

The paper: top-1 in percent with 32 frames of 224 x 224: `.kinetics`, `.hmdb` from scratch, `.hmdb-kinetics` after
Kinetics; `.ms` is the time of one batch on a Titan X, including OpenCV's TV-L1 on the GPU where a network sees optical
flow. Nothing is computed here: the accuracies need Kinetics, run times are a benchmark's. Networks of other papers, and
those that see optical flow, have no command. Which (2+1)D network the paper means by its RGB row is not said; ours is
the released one.
"""

from launch.tables import Cell
from launch.tables.parts.full_scale import full_scale_cell
from launch.tables.representation_flow.parts.full_scale import command

DATA_SET = ""

COLUMNS = ("kinetics", "hmdb", "hmdb-kinetics", "ms")
CLIP_NETWORK = {"backbone": "resnet2plus1d_released"}
FCF = {"flows": "fcf"}
NON_LOCAL = {"non_local": ("block3", "block4")}
PAPER = {
    "2d.flow": ((68.5, 73.5, 76.4, 524), {}),
    "2d.fcf": ((69.4, 74.4, 77.3, 576), FCF),
    "2d.rgb": ((61.3, 53.4, 59.4, 225), {"place": "none"}),
    "2plus1d.flow": ((75.5, None, 77.1, 622), CLIP_NETWORK),
    "2plus1d.fcf": ((77.1, None, 81.1, 654), {**CLIP_NETWORK, **FCF}),
    "2plus1d.fcf-non-local": ((77.9, None, 81.1, 865), {**CLIP_NETWORK, **FCF, **NON_LOCAL}),
    "2plus1d.rgb": ((74.3, None, 74.5, 471), {**CLIP_NETWORK, "place": "none"}),
    "2d.tvl1": ((48.2, 57.3, 61.2, 8039), None),
    "2d.two-stream": ((64.5, 62.4, 66.6, 8546), None),
    "2d.tvnet-rgb": ((None, 71.0, None, 785), None),
    "2d.off-rgb": ((None, 57.1, None, 365), None),
    "2d.off-three-streams": ((None, 74.2, None, 9520), None),
    "2plus1d.two-stream": ((75.4, None, 78.7, 8623), None),
    "s3d.rgb": ((74.7, None, 75.9, 525), None),
    "s3d.two-stream": ((77.2, None, None, 8886), None),
    "i3d.rgb": ((71.1, 49.8, 74.3, 594), None),
    "i3d.flow": ((63.4, 61.9, 77.3, 8845), None),
    "i3d.two-stream": ((74.2, 66.4, 80.7, 9354), None),
    "resnet101-non-local": ((77.7, None, None, 3750), None),
}
"""By row: the paper's numbers by column, and the options of our network, None where there is none."""

OVERRIDES = {
    "kinetics": {"data.root": "kinetics"},
    "hmdb": {"data.root": "hmdb51"},
    "hmdb-kinetics": {"data.root": "hmdb51", "init_from": "runs/kinetics"},
}
"""By column: fields that the command sets; without `init_from` the fine-tuning is a training from scratch."""


def cells() -> tuple[Cell, ...]:
    """Every number, the paper's own networks first."""
    return tuple(
        full_scale_cell(f"{row}.{column}", number, _command(model, column), number="ms" if column == "ms" else "top1")
        for row, (numbers, model) in PAPER.items()
        for column, number in zip(COLUMNS, numbers, strict=True)
        if number is not None
    )


def _command(model: dict | None, column: str) -> str:
    if model is None or column == "ms":
        return ""
    batch = {"train.batch_size": 24} if model.get("backbone") else {}
    experiment = "representation_flow_final" if column == "kinetics" else "representation_flow_hmdb51"
    return command(model, experiment, **OVERRIDES[column], **batch)
