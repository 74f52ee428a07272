"""Hidden Two-Stream, Table 3 on 37 classes of UCF101, split 1: what the parts of MotionNet's recipe are for.

`none` begins as FlowNet-S, has no convolution between deconvolutions, and learns from the photometric error alone;
every other row leaves out one of the four. The first number is what the flow leaves unexplained in test clips; the
end-point error is that of Moving Shapes, on which no network was trained. `-classes` rows are accuracies: the temporal
stream (a) on the frozen network of the same name. The paper has accuracies only: UCF101, split 1, percent.
"""

from typing import Any

from launch.tables import Cell
from launch.tables.hidden_two_stream.flow import SHAPES
from launch.tables.hidden_two_stream.parts.motion_nets import motion_cell
from launch.tables.hidden_two_stream.parts.setting import MOTION_SETTING, motion_command
from launch.tables.hidden_two_stream.parts.streams import MODES, Stream, stream_cell
from launch.tables.parts.full_scale import full_scale_cell
from launch.tables.parts.video_sets import UCF101

DATA_SET = "ucf101"

SETTING = f"{MOTION_SETTING.rstrip()} 800 steps.\n"

TABLE = "hidden_two_stream_table3"

STEPS = 800

MINUTES = 8

FRONT = {"small_displacement": False}
BETWEEN = {"between": False}
SSIM = {"ssim_weights": (0.0,) * 5}
SMOOTHNESS = {"smooth_weight": 0.0}

ROWS: dict[str, dict[str, Any]] = {
    "all": {},
    "none": {**FRONT, **BETWEEN, **SSIM, **SMOOTHNESS},
    "no-smoothness": SMOOTHNESS,
    "no-convolution-between": BETWEEN,
    "no-ssim": SSIM,
    "no-small-displacement": FRONT,
}
"""Options by row."""

PAPER = {
    "none": 77.79,
    "no-smoothness": 80.14,
    "no-convolution-between": 81.25,
    "no-ssim": 81.58,
    "no-small-displacement": 82.22,
    "all": 82.71,
}
"""Top-1, percent."""

WITH_CLASSES = ("all", "none")


def cells() -> tuple[Cell, ...]:
    """The networks, the accuracies of two of them, and the paper's accuracies of the others."""
    networks = (
        motion_cell(
            row,
            UCF101,
            STEPS,
            minutes=MINUTES,
            seeds=(0, 1, 2),
            on_shapes=True,
            columns=SHAPES,
            full_scale=motion_command("UCF-101", f"ablation-{row}", _flags(options)),
            **options,
        )
        for row, options in ROWS.items()
    )
    classes = (_of_classes(row) for row in WITH_CLASSES)
    others = (full_scale_cell(f"{row}-classes", PAPER[row]) for row in ROWS if row not in WITH_CLASSES)
    return (*networks, *classes, *others)


def _of_classes(row: str) -> Cell:
    options = ROWS[row]
    layer = {name: value for name, value in options.items() if name in {**FRONT, **BETWEEN}}
    stream = Stream(
        model={**MODES["a"], **layer}, motion_steps=STEPS, motion_model=options, motion_origin=f"{TABLE}/{row}"
    )
    return stream_cell(f"{row}-classes", PAPER[row], UCF101, stream, minutes=MINUTES)


def _flags(options: dict[str, Any]) -> str:
    """Options as flags."""
    words = {name: ",".join(map(str, value)) if isinstance(value, tuple) else value for name, value in options.items()}
    return " ".join(f"--config.model.{name}={str(word).lower()}" for name, word in words.items())
