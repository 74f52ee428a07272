"""Hidden Two-Stream's MotionNet of pairs, learned without labels on generated pairs: its end-point error on pairs that
it has never seen, beside zero flow's. Their exact flow judges it, and teaches nothing.

The first number is that of the pairs that the default generated set keeps for tests, at the size of the training.
"""

import dataclasses
from functools import partial
from pathlib import Path

from launch.evaluators import Measurement
from launch.experiments import hidden_two_stream_pairs
from launch.run.config import Config, to_dict
from launch.run.model import build_model
from launch.tables import Cell, Column
from launch.tables.hidden_two_stream.parts.motion_nets import METHOD, MINUTES, ROW, measured_error
from launch.tables.parts.generated_pairs import DATASET, generated_pairs

DATA_SET = "pairs"

STEPS = 3000

SETTING = """
Here: a MotionNet of a quarter of the published width on pairs of frames, 128 x 128 windows of generated pairs of the
default recipe (900 to learn from, 100 to test, up to 20 pixels fast) that are turned, shifted, zoomed and mirrored;
3000 steps of 16, Adam 0.001 with cosine decay, gradients clipped at a norm of 2; the terms normalised as in the
released code.
"""


def cells() -> tuple[Cell, ...]:
    """The network."""
    config = _config("pairs")
    return (
        Cell(
            ROW,
            None,
            "epe",
            to_dict(config),
            {"steps": STEPS},
            _run,
            minutes=25,
            comparable=False,
            network=partial(build_model, config, 0),
            columns=(Column("of no flow", "epe_zero", ".2f"), MINUTES),
        ),
    )


def _config(root: str) -> Config:
    base = hidden_two_stream_pairs.config(METHOD)
    return dataclasses.replace(
        base,
        data=dataclasses.replace(base.data, dataset=DATASET, root=root),
        train=dataclasses.replace(base.train, steps=STEPS, validate_every=250),
    )


def _run(data_dir: str, seed: int, weights: Path) -> Measurement:
    return measured_error(_config(str(generated_pairs(weights.parent.parent))), seed, weights)
