"""The fusion of trained streams, and of improved dense trajectories, as in Table 4: the paper's rules, no tuning."""

import statistics
from functools import partial
from pathlib import Path
from typing import Any

from launch.evaluators import Measurement
from launch.run.config import to_dict
from launch.score_files import read_scores, test_list
from launch.tables import Cell, Column
from launch.tables.parts.fused_rows import Trained
from launch.tables.parts.video_sets import DataSet
from launch.tables.tvnet.parts.streams import Stream, configuration, stream_cell
from tvnet_keras.errors import InputError
from tvnet_keras.scoring import report, score_fusion
from tvnet_keras.scoring.scores import Scores

IDT_FILES = {"ucf101": "ucf_idt_split{split}.mat", "hmdb51": "hmdb_idt_split{split}.mat"}
IDT_FOLDERS = ("idt", "scores/idt")
"""Where the files are looked for: in the data set's folder and in those above it."""

Streams = dict[str, tuple[str, Stream]]
"""What is fused: for "rgb" and "tvnet" the row, as `<table>/<row>`, whose training it is, and the stream."""


def fused_cell(
    row: str, paper: float | None, data: DataSet, streams: Streams, *, idt: bool = False, minutes: float
) -> Cell:
    """A cell whose number is the top-1 accuracy of streams fused 1 : 2, and with the trajectories if asked for.

    Args:
        row: the cell's name.
        paper: the paper's accuracy, percent.
        data: the data set.
        streams: RGB and TVNet.
        idt: whether the trajectories' decision values are averaged in, each L2-normalised.
        minutes: time that it takes where the streams are to be trained, about.
    """
    configs = {name: to_dict(configuration(data, stream, data.splits[0])) for name, (_, stream) in streams.items()}
    rule = score_fusion.RULES["tvnet"]
    return Cell(
        row=row,
        paper=paper,
        number="top1",
        config={name: config["model"] | {"method": config["method"]} for name, config in configs.items()},
        protocol={
            "fused": {name: origin for name, (origin, _) in streams.items()},
            "space": rule.space,
            "weights": list(rule.weights or ()),
            "idt": idt,
            "splits": list(data.splits),
        },
        run=partial(_fuse_splits, data, streams, idt),
        minutes=minutes,
        percent=True,
        comparable=False,
        columns=(
            Column("RGB alone", "rgb", ".1%"),
            Column("TVNet alone", "tvnet", ".1%"),
            *([Column("two streams", "two_streams", ".1%"), Column("IDT alone", "idt", ".1%")] if idt else []),
        ),
    )


def trained(data: DataSet, stream: Stream, origin: str) -> Trained:
    """A stream whose training is fused.

    Args:
        data: the data set.
        stream: the stream.
        origin: whose training it is, as `<table>/<row>`.
    """
    table, _, row = origin.partition("/")
    return Trained(table, stream_cell(row, None, data, stream, minutes=1))


def _fuse_splits(data: DataSet, streams: Streams, idt: bool, data_dir: str, seed: int, weights: Path) -> Measurement:
    scores = {
        name: trained(data, stream, origin).scores_of_splits(data_dir, seed, weights.parent.parent, data.splits)
        for name, (origin, stream) in streams.items()
    }
    fused = [
        _fused({name: of_splits[place] for name, of_splits in scores.items()}, data, split, idt, data_dir)
        for place, split in enumerate(data.splits)
    ]
    numbers = {name: statistics.fmean(one.numbers[name] for one in fused) for name in fused[0].numbers}
    if len(fused) > 1:
        numbers |= {f"top1_split{split}": one.numbers["top1"] for split, one in zip(data.splits, fused, strict=True)}
    return Measurement(numbers, {"data": data.dataset, "inputs": [one.protocol for one in fused]})


def _fused(scores: dict[str, Scores], data: DataSet, split: int, idt: bool, data_dir: str) -> Measurement:
    rule = score_fusion.RULES["tvnet"]
    alone = {name: report.top_k(one) for name, one in scores.items()}
    fused = score_fusion.fuse([scores["rgb"], scores["tvnet"]], rule.weights, space=rule.space)
    inputs: dict[str, Any] = {name: one.header["weights_sha256"] for name, one in scores.items()}
    if idt:
        streams, trajectories = score_fusion.restrict([fused, _trajectories(data, split, data_dir)])
        alone |= {"two_streams": report.top_k(streams), "idt": report.top_k(trajectories)}
        inputs["restricted"] = {
            name: one.header.get("restricted") for name, one in (("streams", streams), ("idt", trajectories))
        }
        fused = score_fusion.fuse([streams, trajectories], space=score_fusion.RULES["l2"].space)
    sizes = {"videos": len(fused.video_id), "classes": len(fused.class_names)}
    return Measurement(report.top1_numbers(fused) | alone, {"split": split, **sizes, **inputs})


def _trajectories(data: DataSet, split: int, data_dir: str) -> Scores:
    """Decision values of improved dense trajectories."""
    name, root = IDT_FILES[data.dataset].format(split=split), Path(data_dir).resolve()
    for folder in (root, *root.parents):
        for place in IDT_FOLDERS:
            if (folder / place / name).is_file():
                return read_scores(str(folder / place / name), lambda: test_list(data.dataset, data_dir, split))
    raise InputError(
        f"{name}, the decision values of improved dense trajectories, is neither in {root}/{IDT_FOLDERS[0]} nor in "
        f"{IDT_FOLDERS[1]} of a folder above; put it there, or compute the other rows with --rows."
    )
