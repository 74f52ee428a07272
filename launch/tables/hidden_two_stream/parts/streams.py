"""Temporal and spatial streams of Hidden Two-Stream."""

import dataclasses
import time
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from launch.evaluators import Measurement
from launch.run.config import Config, new_config
from launch.run.data import open_source
from launch.run.inference import as_graph
from launch.run.model import load_run
from launch.tables import Cell, Column
from launch.tables.hidden_two_stream.parts.motion_nets import FIELDS, MINUTES, ORIGIN, WIDTH, motion_config, pretrained
from launch.tables.parts.stored import run_folder_of
from launch.tables.parts.trained_cells import train_and_score, trained_cell
from launch.tables.parts.video_sets import SHARED, UCF101, WINDOWS, DataSet, flow_folder, prepare
from models.hidden_two_stream import CLASS, LOSSES
from tvnet_keras.flow.solvers import make_solver

SIZE = 96
BACKBONE = "efficientnet_lite0"
IMAGENET = "imagenet"

FLOW_BOUND = 5.0
"""Pixels: flow of frames this small is a few tenths of a pixel long on the mean."""

TRAIN = {"batch_size": 16, "lr": 1e-3, "warmup": 50, "log_every": 100, "checkpoint_every": 200, "validate_every": 0}

RULE = "hidden_two_stream"
"""The published rule of fusion, 1 : 1.5."""

ROUNDS = 15
"""Calls of which the median is a stream's time."""


@dataclasses.dataclass(frozen=True)
class Stream:
    """What a network sees, and how it learns.

    Attributes:
        method: "hidden_two_stream" or "rgb".
        model: options of the method, beside those that all rows share.
        solver: whose stored flow it sees; empty for none.
        motion_steps: of the MotionNet that it starts from; 0 for a motion layer without one.
        motion_model: options of that MotionNet, beside those of the experiment.
        motion_origin: the row whose MotionNet it is, as `<table>/<row>`.
        motion_solver: the solver whose stored flow guided it; empty for none.
    """

    method: str = "hidden_two_stream"
    model: dict[str, Any] = dataclasses.field(default_factory=dict)
    solver: str = ""
    motion_steps: int = 0
    motion_model: dict[str, Any] = dataclasses.field(default_factory=dict)
    motion_origin: str = ORIGIN
    motion_solver: str = ""


RGB = Stream("rgb")

MODES = {
    "a": {"losses": (CLASS,), "motion_frozen": True},
    "b": {"losses": (CLASS,)},
    "c": {"losses": LOSSES},
}
"""The paper's three ways of training the temporal stream."""


def stored(solver: str) -> Stream:
    """A stream on stored flow.

    Args:
        solver: its name.
    """
    return Stream(model={"motion": "stored", "losses": (CLASS,)}, solver=solver)


def configuration(data: DataSet, stream: Stream) -> Config:
    """The configuration of a stream's training on the first split; it names what the network starts from.

    Args:
        data: the data set.
        stream: the stream.
    """
    rgb = stream.method == "rgb"
    motion = {
        "flow_fields": FIELDS,
        "flow_bound": FLOW_BOUND,
        "motion_width": WIDTH,
        # That of the MotionNet that they start from.
        "normalisation": "released",
    }
    config = new_config(
        stream.method,
        "hidden_two_stream_ucf101",
        model={"backbone": BACKBONE, "dropout": 0.5, **({} if rgb else motion), **stream.model},
        data={
            **data.fields(),
            "height": SIZE,
            "width": SIZE,
            "flow": str(flow_folder(data, stream.solver, SHARED)) if stream.solver else "",
            **({"frames": 1} if rgb else {"frames": FIELDS + 1, "windows": WINDOWS}),
        },
        train={"steps": data.steps, **TRAIN},
        eval={"clips": WINDOWS, "crops": 1},
    )
    origin = f"{stream.motion_origin}," if stream.motion_steps else ""
    return dataclasses.replace(config, init_from=f"{origin}{IMAGENET}")


def stream_cell(
    row: str,
    paper: float | None,
    data: DataSet,
    stream: Stream,
    *,
    seeds: tuple[int, ...] = (0,),
    minutes: float,
    timed: bool = False,
    full_scale: str = "",
) -> Cell:
    """A cell whose number is the top-1 accuracy of a stream.

    Args:
        row: the cell's name.
        paper: the paper's accuracy, percent.
        data: the data set.
        stream: the stream.
        seeds: the seeds of the trainings.
        minutes: time that it takes on two CPU cores, about, without the MotionNet that it starts from.
        timed: whether its time per clip is measured.
        full_scale: the command that computes the paper's own number.
    """
    cell = trained_cell(
        row,
        paper,
        configuration(data, stream),
        partial(prepare, data, stream.solver),
        seeds=seeds,
        minutes=minutes,
        full_scale=full_scale,
    )
    columns = (Column("ms per clip", "ms", ".1f"),) if timed else (MINUTES,)
    return dataclasses.replace(cell, run=partial(run_stream, data, stream, timed), columns=columns)


def run_stream(data: DataSet, stream: Stream, timed: bool, data_dir: str, seed: int, weights: Path) -> Measurement:
    """Trains and measures a stream, and the MotionNet that it starts from unless that is there.

    Args:
        data: the data set.
        stream: the stream.
        timed: whether its time per clip is measured.
        data_dir: the data set's folder.
        seed: the seed of the training.
        weights: the weight file that names the folder of the run.
    """
    config = configuration(data, stream)
    if stream.motion_steps:
        network = motion_config(UCF101, stream.motion_steps, stream.motion_solver, **stream.motion_model)
        start = pretrained(data, network, data_dir, weights.parent.parent, stream.motion_origin, stream.motion_solver)
        config = dataclasses.replace(config, init_from=f"{start},{IMAGENET}")
    measured = train_and_score(config, partial(prepare, data, stream.solver), data_dir, seed, weights)
    ms = {"ms": milliseconds(run_folder_of(weights), stream.solver)} if timed else {}
    return dataclasses.replace(measured, numbers=measured.numbers | ms)


def milliseconds(run: Path, solver: str = "") -> float:
    """Milliseconds of a stream for one clip, with the flow of a solver where it sees such; the median of some calls.

    Args:
        run: the folder of the run.
        solver: the solver's name, empty for none.
    """
    config, model, _ = load_run(run)
    # The clip itself, also where flow is stored beside it.
    clip = np.asarray(next(iter(open_source(config, "test").scanned().clips()))["clip"])[:1]
    solve, graph = make_solver(solver) if solver else None, as_graph(model)

    def score() -> None:
        taken = clip
        if solve:
            taken = np.stack([solve(clip[0, k : k + 2]) for k in range(clip.shape[1] - 1)])[None].astype("float32")
        answer: Any = graph(taken)
        keras.ops.convert_to_numpy(answer["logits"])

    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        score()
        times.append(time.perf_counter() - start)
    # The first call traces the graph.
    return 1000 * float(np.median(times[1:]))
