"""Hidden Two-Stream, mode (c), of which the authors said "try more runs" where it diverged: do ten seeds survive its
first 300 steps at the released rates? Each starts from the MotionNet of `hidden_two_stream_flow`, whose rate is 1e-6,
and from ImageNet weights of the classifier, whose rate is 0.001; SGD with momentum 0.9. A seed whose loss or weights
stop being finite, or whose flow leaves the frame, where no loss sees it any more, counts 0, any other 1; none is
picked. Flow: the mean length in the last batch.
"""

import dataclasses
import math
from functools import partial
from pathlib import Path

import keras

from launch.evaluators import Measurement
from launch.run.config import Config, check
from launch.run.model import build_model
from launch.run.run_folder import read
from launch.tables import Cell, Column
from launch.tables.hidden_two_stream.flow import STEPS as MOTION_STEPS
from launch.tables.hidden_two_stream.parts.motion_nets import MINUTES, ORIGIN, motion_config, pretrained
from launch.tables.hidden_two_stream.parts.rows_of_table2 import temporal
from launch.tables.hidden_two_stream.parts.setting import SEEDS_SETTING
from launch.tables.hidden_two_stream.parts.streams import IMAGENET, SIZE, configuration
from launch.tables.parts.stored import run_folder_of
from launch.tables.parts.trained_cells import ANY_CLASSES
from launch.tables.parts.video_sets import UCF101, prepare
from launch.train import train
from tvnet_keras.errors import InputError

DATA_SET = "ucf101"

SETTING = SEEDS_SETTING

STEPS = 300

TRAIN = {"steps": STEPS, "optimizer": "sgd", "lr": 1e-3, "schedule": "constant", "warmup": 0, "clip_norm": 0.0}
"""No gradient is clipped: nothing but the losses keeps a seed alive."""


def cells() -> tuple[Cell, ...]:
    """Ten seeds."""
    config = _config()
    return (
        Cell(
            "stacked-c",
            None,
            "survived",
            {"model": dataclasses.asdict(config.model), "train": dataclasses.asdict(config.train)},
            {"steps": STEPS},
            _run,
            minutes=4,
            seeds=tuple(range(10)),
            comparable=False,
            network=partial(build_model, config, ANY_CLASSES),
            columns=(Column("loss at the end", "loss", ".2f"), Column("flow, px", "flow_magnitude", ".2f"), MINUTES),
        ),
    )


def _config() -> Config:
    config = configuration(UCF101, temporal("c"))
    return dataclasses.replace(config, train=dataclasses.replace(config.train, **TRAIN))


def _run(data_dir: str, seed: int, weights: Path) -> Measurement:
    keras.backend.clear_session()
    folder = run_folder_of(weights)
    start = pretrained(UCF101, motion_config(UCF101, MOTION_STEPS), data_dir, weights.parent.parent, ORIGIN)
    config = prepare(UCF101, "", _config(), Path(data_dir), weights.parent)
    config = dataclasses.replace(config, seed=seed, init_from=f"{start},{IMAGENET}")
    try:
        train(check(config), folder)
    except InputError as error:
        # The training loop ends with this sentence where the loss is no number any more; other faults are faults.
        if "finite" not in str(error):
            raise
        return Measurement({"survived": 0.0}, {"ended": str(error)})
    results = read(folder)["results"]
    return judged(results["loss"], results["flow_magnitude"])


def judged(loss: float, flow: float) -> Measurement:
    """Whether a seed survived: a finite loss, and flow that is shorter than a side of the frame.

    Args:
        loss: of the last batch.
        flow: the mean length of its flow, in pixels.
    """
    survived = math.isfinite(loss) and flow < SIZE
    return Measurement({"survived": float(survived), "loss": loss, "flow_magnitude": flow}, {})
