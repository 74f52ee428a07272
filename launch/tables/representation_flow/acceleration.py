"""Representation Flow, Table 5 on Moving Shapes II, where the change of the flow tells the class.

Rows as in `representation_flow_table5`, without TV-L1 twice; `rgb` is the same network without flow, which the paper's
table does not have. The paper: Tiny-Kinetics, after block 3, 14 x 14 features. Here after conv1, 32 x 32, 10
iterations, with three seeds.

Here: six changes of the velocity (speeding up, slowing down and pulsating; turning left, turning right and weaving),
480 clips to train on and 300 to test, so chance is 16.7 %, one clip is 0.3 %. Sixteen frames of 64 x 64, one view;
ResNet-10 of a quarter of the published width, 4 flow channels, no dropout; Adam 0.002 with cosine decay, 600 steps of
16 clips, the flow's parameters at 0.3 of that rate. `spread` is the standard deviation over seeds. --data_dir is the
set's folder; the table writes it where it is not, as does

    python -m launch.prepare --generate=data/moving_shapes2 --motions=acceleration --train_groups=80 --test_groups=50

The network is applied to every step and its answers are averaged, so that it knows no order of steps. The three classes
of changing speed have the same velocities, each once, and so have the three of changing direction: what a single flow
sees of them tells which three at most, 33.3 %. What is more is the change from one flow to the next.
"""

from launch.run.config import new_config
from launch.tables import Cell
from launch.tables.parts.moving_shapes import on_accelerating_clips
from launch.tables.parts.trained_cells import trained_cell
from launch.tables.representation_flow.parts.flow_of_flow import ROWS, small
from launch.tables.representation_flow.parts.moving_shapes_cells import MODEL, TRAIN

DATA_SET = "moving_shapes"

FRAMES = 16
STEPS = 600


def cells() -> tuple[Cell, ...]:
    """Every row, the paper's best first."""
    rows = {**ROWS, "rgb": (None, {"place": "none"})}
    return tuple(_cell(row, paper, model) for row, (paper, model) in rows.items())


def _cell(row: str, paper: float | None, model: dict) -> Cell:
    config = new_config(
        "representation_flow",
        "moving_shapes",
        model={**MODEL, **small(model)},
        data={"root": "data/moving_shapes2", "frames": FRAMES, "crop": "none", "test_crop": "none"},
        train={**TRAIN, "steps": STEPS},
    )
    return trained_cell(row, paper, config, on_accelerating_clips, seeds=(0, 1, 2), minutes=10.0)
