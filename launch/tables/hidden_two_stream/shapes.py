"""Hidden Two-Stream's MotionNet, learned without labels on Moving Shapes: its end-point error on test clips, whose
exact flow no training saw.
"""

import dataclasses
from functools import partial
from pathlib import Path

from launch.evaluators import Measurement
from launch.experiments import moving_shapes
from launch.run.config import Config, to_dict
from launch.run.model import build_model
from launch.tables import Cell, Column
from launch.tables.hidden_two_stream.parts.motion_nets import FIELDS, METHOD, MINUTES, ROW, WIDTH, measured_error
from launch.tables.parts.moving_shapes import on_generated_clips

DATA_SET = "moving_shapes"

STEPS = 3000

SETTING = """
Here: a MotionNet of a quarter of the published width on stacks of six whole frames of 64 x 64; batch 16, Adam 0.001
with cosine decay, 3000 steps.
"""


def cells() -> tuple[Cell, ...]:
    """The network."""
    config = _config()
    return (
        Cell(
            ROW,
            None,
            "epe",
            to_dict(config),
            {"steps": STEPS},
            _run,
            minutes=9,
            seeds=(0, 1, 2),
            comparable=False,
            network=partial(build_model, config, 0),
            columns=(Column("of no flow", "epe_zero", ".3f"), MINUTES),
        ),
    )


def _config() -> Config:
    base = moving_shapes.config(METHOD)
    return dataclasses.replace(
        base,
        model=dataclasses.replace(base.model, width=WIDTH, flow_fields=FIELDS),
        data=dataclasses.replace(base.data, frames=FIELDS + 1),
        train=dataclasses.replace(base.train, steps=STEPS, lr=1e-3, log_every=100, checkpoint_every=200),
    )


def _run(data_dir: str, seed: int, weights: Path) -> Measurement:
    return measured_error(on_generated_clips(_config(), Path(data_dir), weights.parent), seed, weights)
