"""MotionNets that were trained without labels: a number of their own, and the start of temporal streams."""

import dataclasses
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from launch.evaluators import Measurement, flow, photometric
from launch.experiments import hidden_two_stream_ucf101
from launch.flow_report.inputs import solver_record
from launch.run.config import Config, check, to_dict
from launch.run.data import open_source
from launch.run.model import build_model, load_run
from launch.run.run_folder import has_begun, read
from launch.tables import Cell, Column
from launch.tables.parts.moving_shapes import on_generated_clips
from launch.tables.parts.stored import run_folder_of, weights_file
from launch.tables.parts.trained_cells import ANY_CLASSES
from launch.tables.parts.video_sets import SHARED, UCF101, WINDOWS, DataSet, flow_folder, prepare
from launch.train import train
from tvnet_keras.errors import InputError
from tvnet_keras.flow.solvers import make_solver

METHOD = "motion_net"

ROW = "motion_net"
"""The network that temporal streams start from."""

ORIGIN = f"hidden_two_stream_flow/{ROW}"
"""The same with its table."""

MOTION_SEED = 0
"""Of the networks that streams start from: the pretraining is shared by all seeds."""

WIDTH = 16
FIELDS = 5

MINUTES = Column("minutes", "minutes", ".0f")

RESIDUAL = (Column("of no flow", "photometric_zero", ".3f"),)

SHAPES = "moving_shapes"
"""The folder of Moving Shapes, beside those of the tables' runs."""


def motion_config(data: DataSet, steps: int, solver: str = "", **model: Any) -> Config:
    """The training of a MotionNet on the training videos of the first split.

    Args:
        data: the data set.
        steps: of the training.
        solver: whose stored flow guides the training, which then sees the stacks that the flow is of; empty for none.
        **model: options of the method, beside those of the experiment.
    """
    base = hidden_two_stream_ucf101.config(METHOD)
    return dataclasses.replace(
        base,
        model=dataclasses.replace(base.model, **model),
        data=dataclasses.replace(
            base.data,
            **data.fields(),
            **({"flow": str(flow_folder(data, solver, SHARED)), "windows": WINDOWS} if solver else {}),
        ),
        train=dataclasses.replace(base.train, steps=steps, log_every=100),
        eval=dataclasses.replace(base.eval, flow_size="training"),
    )


def motion_cell(
    row: str,
    data: DataSet,
    steps: int,
    *,
    minutes: float,
    seeds: tuple[int, ...] = (0,),
    on_shapes: bool = False,
    columns: tuple[Column, ...] = (),
    solver: str = "",
    full_scale: str = "",
    **model: Any,
) -> Cell:
    """A cell whose number is what the flow of a MotionNet leaves unexplained in test clips, in grey levels.

    Args:
        row: the cell's name.
        data: the data set.
        steps: of the training.
        minutes: time that it takes on two CPU cores, about.
        seeds: the seeds of the trainings.
        on_shapes: whether the end-point error on Moving Shapes, which are generated, is measured, too.
        columns: further columns.
        solver: whose stored flow guides the training; empty for none.
        full_scale: the command of the paper's own training.
        **model: options of the method.
    """
    config = motion_config(data, steps, solver, **model)
    return Cell(
        row,
        None,
        "photometric",
        to_dict(config),
        {"steps": steps},
        partial(_measured, data, config, on_shapes, solver),
        minutes,
        seeds=seeds,
        comparable=False,
        full_scale=full_scale,
        network=partial(build_model, config, ANY_CLASSES),
        columns=(*RESIDUAL, *columns, MINUTES),
    )


def train_motion_net(data: DataSet, config: Config, data_dir: str, seed: int, weights: Path, solver: str = "") -> Path:
    """Trains a MotionNet, unless it is there.

    Args:
        data: the data set.
        config: of the training.
        data_dir: the data set's folder.
        seed: the seed of the training.
        weights: the weight file that names the folder of the run.
        solver: whose stored flow guides it; empty for none.

    Returns:
        The folder of the run.
    """
    keras.backend.clear_session()
    folder = run_folder_of(weights)
    config = prepare(data, solver, config, Path(data_dir), weights.parent)
    train(check(dataclasses.replace(config, seed=seed)), folder)
    return folder


def pretrained(data: DataSet, config: Config, data_dir: str, weights_dir: Path, origin: str, solver: str = "") -> Path:
    """The run of the MotionNet that streams on a data set start from; UCF101's is trained unless it is there.

    Args:
        data: the data set of the streams.
        config: of the MotionNet's training, which is on UCF101.
        data_dir: the folder of the streams' data set.
        weights_dir: the folder of what all tables train.
        origin: whose MotionNet it is, as `<table>/<row>`.
        solver: whose stored flow guided it; empty for none.

    Raises:
        InputError: it is not there, and the data set is another one.
    """
    table, _, row = origin.partition("/")
    weights = weights_file(weights_dir, table, row, MOTION_SEED)
    folder = run_folder_of(weights)
    if has_begun(folder) and "steps" in read(folder).get("results", {}):
        return folder
    if data.name != UCF101.name:
        raise InputError(
            f"{folder} has no finished MotionNet of UCF101, from which the streams on {data.name} start: compute "
            f"--table={table} --rows={row} first, with --data_dir of UCF101 and the same --weights_dir."
        )
    return train_motion_net(data, config, data_dir, MOTION_SEED, weights, solver)


def _measured(
    data: DataSet, config: Config, on_shapes: bool, solver: str, data_dir: str, seed: int, weights: Path
) -> Measurement:
    folder = train_motion_net(data, config, data_dir, seed, weights, solver)
    seen, model, _ = load_run(folder)
    measured = photometric.measure(model, open_source(seen, "test"), seen)
    numbers, protocol = dict(measured.numbers), dict(measured.protocol)
    if on_shapes:
        shapes = on_moving_shapes(model, seen, weights.parent.parent)
        numbers |= {"epe": shapes.numbers["epe"], "epe_zero": shapes.numbers["epe_zero"]}
        protocol["moving_shapes"] = shapes.protocol
    numbers["train_loss"] = read(folder)["results"]["loss"]
    return Measurement(numbers, protocol)


def on_moving_shapes(model: keras.Model, config: Config, weights_dir: Path) -> Measurement:
    """The end-point error of a model on the test clips of Moving Shapes, at their own size.

    Args:
        model: a model with a Motion layer.
        config: the configuration of its run.
        weights_dir: the folder of what all tables train, in which the clips are generated.
    """
    data = dataclasses.replace(
        config.data,
        dataset="moving_shapes",
        classes=(),
        cache="",
        flow="",
        windows=0,
        split=1,
        missing="error",
        test_crop="none",
    )
    config = dataclasses.replace(config, data=data, eval=dataclasses.replace(config.eval, flow_size="own"))
    config = check(on_generated_clips(config, weights_dir / SHAPES, weights_dir))
    return flow.measure(model, open_source(config, "test"), config)


def measured_error(config: Config, seed: int, weights: Path) -> Measurement:
    """Trains a MotionNet on data with exact flow, which it does not see, and takes its end-point error on the test.

    Args:
        config: of the training, with its data in place.
        seed: the seed of the training.
        weights: the weight file that names the folder of the run.
    """
    keras.backend.clear_session()
    folder = run_folder_of(weights)
    train(check(dataclasses.replace(config, seed=seed)), folder)
    seen, model, _ = load_run(folder)
    return flow.measure(model, open_source(seen, "test"), seen)


def solver_cell(row: str, solver: str, data: DataSet, *, minutes: float) -> Cell:
    """A cell whose number is what the flow of a classical solver leaves unexplained in the same test clips.

    Args:
        row: the cell's name.
        solver: its name.
        data: the data set.
        minutes: time that it takes on two CPU cores, about.
    """
    config = motion_config(data, 0)
    return Cell(
        row,
        None,
        "photometric",
        {"solver": solver_record(solver, {}), "data": to_dict(config)["data"]},
        {},
        partial(_of_solver, data, solver),
        minutes,
        comparable=False,
        columns=RESIDUAL,
    )


def _of_solver(data: DataSet, solver: str, data_dir: str, seed: int, weights: Path) -> Measurement:
    config = check(prepare(data, "", motion_config(data, 0), Path(data_dir), weights.parent))
    solve = make_solver(solver)

    def compute(clips: Any) -> np.ndarray:
        return np.stack([[solve(frames[k : k + 2]) for k in range(len(frames) - 1)] for frames in np.asarray(clips)])

    return photometric.compare(compute, open_source(config, "test").scanned(), config)
