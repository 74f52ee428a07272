"""Cells that train a network and score its test videos, both in this process."""

import dataclasses
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import keras

from launch.evaluate import evaluate
from launch.evaluators import Measurement
from launch.run.config import Config, check, to_dict
from launch.run.model import build_model
from launch.run.run_folder import has_begun, read, read_config
from launch.tables import Cell
from launch.tables.parts.stored import run_folder_of
from launch.train import train
from tvnet_keras.errors import InputError

ANY_CLASSES = 2
"""Some number of classes: it does not change the motion layers of a network."""

Prepare = Callable[[Config, Path, Path], Config]
"""A function of a configuration, `--data_dir` and the folder of the table's runs that puts the data in its place and
returns the configuration for it."""


def trained_cell(
    row: str,
    paper: float | None,
    config: Config,
    prepare: Prepare,
    *,
    seeds: tuple[int, ...] = (0,),
    minutes: float = 1.0,
    full_scale: str = "",
) -> Cell:
    """A cell whose number is the top-1 accuracy of a training, in percent, on other data than the paper's.

    Args:
        row: the cell's name.
        paper: the paper's accuracy, percent.
        config: the configuration of the training.
        prepare: the function that puts the data in its place.
        seeds: the seeds of the trainings.
        minutes: time that one training takes on two CPU cores, about.
        full_scale: the command that computes the paper's own number.
    """
    return Cell(
        row=row,
        paper=paper,
        number="top1",
        config=to_dict(config),
        protocol={"steps": config.train.steps},
        run=partial(train_and_score, config, prepare),
        minutes=minutes,
        seeds=seeds,
        percent=True,
        comparable=False,
        full_scale=full_scale,
        network=partial(build_model, config, ANY_CLASSES),
    )


def train_and_score(config: Config, prepare: Prepare, data_dir: str, seed: int, weights: Path) -> Measurement:
    """Trains a configuration, or finishes its training, and measures it on its test data.

    Args:
        config: the configuration.
        prepare: the function that puts the data in its place.
        data_dir: the data set's folder.
        seed: the seed of the training.
        weights: the weight file that names the folder of the run.

    Raises:
        InputError: the folder holds a training of another number of steps, or it cannot be trained.
    """
    # Otherwise a process that trains many networks would keep all of them in memory.
    keras.backend.clear_session()
    folder = run_folder_of(weights)
    config = check(dataclasses.replace(prepare(config, Path(data_dir), weights.parent), seed=seed))
    _require_steps(folder, config.train.steps)
    train(config, folder)
    # The run's own: training from ImageNet weights has found out which range of frames they expect.
    measured = evaluate(read_config(folder), folder, folder / "evaluation")
    results = read(folder)["results"]
    trained = {f"train_{name}": results[name] for name in ("loss", "accuracy") if name in results}
    return dataclasses.replace(measured, numbers=measured.numbers | trained)


def _require_steps(folder: Path, steps: int) -> None:
    # launch.train would go on to more steps, on another schedule than a training that began so: another number.
    if has_begun(folder) and (before := read_config(folder).train.steps) != steps:
        raise InputError(
            f"{folder} holds a training of {before} steps, and the cell's has {steps}: delete it, or give another "
            "--weights_dir."
        )


def with_root(config: Config, root: Path, **data: Any) -> Config:
    """A copy of a configuration for videos in another folder.

    Args:
        config: the configuration.
        root: the folder of the videos.
        **data: other fields of `config.data` to set.
    """
    return dataclasses.replace(config, data=dataclasses.replace(config.data, root=str(root), **data))
