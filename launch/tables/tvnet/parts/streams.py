"""Streams of a two-stream network: one image network from ImageNet weights, on frames or on flow of any source."""

import dataclasses
import statistics
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from launch.evaluators import Measurement
from launch.run.config import Config, new_config
from launch.tables import Cell, Column
from launch.tables.parts.stored import run_folder_of, split_files
from launch.tables.parts.trained_cells import train_and_score, trained_cell
from launch.tables.parts.video_sets import PAIRS, SHARED, WINDOWS, DataSet, flow_folder, prepare
from launch.tables.tvnet.parts.learned_motion import measure_motion

SIZE = 112
BACKBONE = "efficientnet_lite0"
FLOW_BOUND = 5.0
"""Pixels. Flow of 112 x 112 frames is a few tenths of a pixel long on the mean: 20 pixels, the bound of two-stream
networks on frames twice as large, leave ImageNet weights an input that is grey all over."""

TRAIN = {"batch_size": 16, "lr": 1e-3, "warmup": 50, "log_every": 100, "checkpoint_every": 200}
PAPER_RATE = 1 / 255
"""Of TVNet, relative to the classifier's."""

TSN_SEGMENTS = 3


@dataclasses.dataclass(frozen=True)
class Stream:
    """What a network sees, and how its TVNet learns.

    Attributes:
        method: "rgb" or "tvnet".
        solver: whose stored flow it sees; empty for none.
        model: options of the method, beside those that all rows share.
        segments: of a video in training.
        init_from: the weights that it starts from; empty for fresh ones.
    """

    method: str = "tvnet"
    solver: str = ""
    model: dict[str, Any] = dataclasses.field(default_factory=dict)
    segments: int = 1
    init_from: str = "imagenet"

    @property
    def live(self) -> bool:
        """Whether its flow is computed in the network."""
        return self.method == "tvnet" and not self.solver


RGB = Stream("rgb")
UNTRAINED = Stream(model={"learn": ()})


def stored(solver: str) -> Stream:
    """A stream on stored flow."""
    return Stream(solver=solver, model={"motion": "stored"})


def learned(rate: float = 1.0, *, energy: bool = True, segments: int = 1) -> Stream:
    """A stream with a TVNet that is trained.

    Args:
        rate: its learning rate, relative to the paper's.
        energy: whether the TV-L1 energy is part of the loss.
        segments: of a video in training.
    """
    model = {"motion_rate": rate * PAPER_RATE} | ({} if energy else {"energy_weight": 0.0})
    return Stream(model=model, segments=segments)


def configuration(data: DataSet, stream: Stream, split: int, part: dict[str, float] | None = None) -> Config:
    """The configuration of a stream's training on one split.

    Args:
        data: the data set.
        stream: the stream.
        split: number of the split.
        part: the part of the training list that is kept back and learned from, as fields of `config.data`.
    """
    frames = {"frames": 1} if stream.method == "rgb" else {"frames": PAIRS + 1, "windows": WINDOWS}
    flow = {} if stream.method == "rgb" else {"flow_bound": FLOW_BOUND}
    config = new_config(
        stream.method,
        data.dataset,
        model={"backbone": BACKBONE, **flow, **stream.model},
        data={
            **data.fields(split),
            "height": SIZE,
            "width": SIZE,
            "flow": str(flow_folder(data, stream.solver, SHARED)) if stream.solver else "",
            "segments": stream.segments,
            **frames,
            **(part or {}),
        },
        train={"steps": data.steps, **TRAIN, "validate_every": 0},
        eval={"clips": WINDOWS, "crops": 1},
    )
    return dataclasses.replace(config, init_from=stream.init_from)


def stream_cell(
    row: str,
    paper: float | None,
    data: DataSet,
    stream: Stream,
    *,
    seeds: tuple[int, ...] = (0,),
    minutes: float,
    columns: tuple[Column, ...] = (),
    full_scale: str = "",
    part: dict[str, float] | None = None,
) -> Cell:
    """A cell whose number is the top-1 accuracy of a stream, the mean over the splits of its data set.

    Args:
        row: the cell's name.
        paper: the paper's accuracy, percent.
        data: the data set.
        stream: the stream.
        seeds: the seeds of the trainings.
        minutes: time that it takes on two CPU cores, about.
        columns: further numbers that the table shows.
        full_scale: the command that computes the paper's own number.
        part: the part of the training list that is kept back and learned from, as fields of `config.data`.
    """
    config = configuration(data, stream, data.splits[0], part)
    of_one_split = trained_cell(
        row,
        paper,
        config,
        partial(prepare, data, stream.solver),
        seeds=seeds,
        minutes=minutes,
        full_scale=full_scale,
    )
    return dataclasses.replace(
        of_one_split,
        protocol={**of_one_split.protocol, "splits": list(data.splits)},
        run=partial(run_stream, data, stream, part),
        columns=columns,
    )


def run_stream(
    data: DataSet, stream: Stream, part: dict[str, float] | None, data_dir: str, seed: int, weights: Path
) -> Measurement:
    """Trains and measures a stream on every split; a killed one goes on with the split that it was at.

    Args:
        data: the data set.
        stream: the stream.
        part: as in `configuration`.
        data_dir: the data set's folder.
        seed: the seed of the trainings.
        weights: the weight file that names the folders of the runs.
    """
    measured = []
    for split, place in zip(data.splits, split_files(weights, data.splits), strict=True):
        config = configuration(data, stream, split, part)
        found = train_and_score(config, partial(prepare, data, stream.solver), data_dir, seed, place)
        motion = measure_motion(run_folder_of(place)) if stream.live else {}
        measured.append(dataclasses.replace(found, numbers=found.numbers | motion))
    return _mean(measured, data.splits)


def _mean(measured: Sequence[Measurement], splits: tuple[int, ...]) -> Measurement:
    """The mean of every number over the splits, with the accuracy of each."""
    if len(measured) == 1:
        return measured[0]
    numbers = {name: statistics.fmean(one.numbers[name] for one in measured) for name in measured[0].numbers}
    # An interval belongs to the videos of one split.
    numbers = {name: value for name, value in numbers.items() if name not in ("top1_low", "top1_high")}
    alone = {f"top1_split{split}": one.numbers["top1"] for split, one in zip(splits, measured, strict=True)}
    protocols = {f"split{split}": one.protocol for split, one in zip(splits, measured, strict=True)}
    return Measurement({**numbers, **alone}, {**measured[0].protocol, "split": list(splits), "by_split": protocols})
