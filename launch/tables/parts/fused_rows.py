"""Rows of two networks that are trained apart and whose predictions are fused: two-stream and late fusion."""

import dataclasses
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from launch.evaluators import Measurement
from launch.tables import Cell, Column
from launch.tables.parts.kept_training import (
    require_training_of,
    set_aside_unless_made_by,
    training_of,
    versions_of,
)
from launch.tables.parts.stored import run_folder_of, split_files
from tvnet_keras.one_writer import only_writer
from tvnet_keras.scoring import report, score_fusion
from tvnet_keras.scoring.scores import Scores, load_scores

MINUTES = 0.1

FRAMES = "rgb"
"""The part of a fusion that sees frames."""


@dataclasses.dataclass(frozen=True)
class Trained:
    """A cell whose training is fused, without training it again.

    Attributes:
        table: the name of its table.
        cell: the cell.
    """

    table: str
    cell: Cell

    @property
    def origin(self) -> str:
        """The cell, as `<table>/<row>`."""
        return f"{self.table}/{self.cell.row}"

    def scores(self, data_dir: str, seed: int, weights_dir: Path) -> Scores:
        """The scores of its test videos; it is trained if it is not yet.

        Args:
            data_dir: the data set's folder.
            seed: the seed of the training.
            weights_dir: the folder of what all tables train.
        """
        return self.scores_of_splits(data_dir, seed, weights_dir, (1,))[0]

    def scores_of_splits(self, data_dir: str, seed: int, weights_dir: Path, splits: Sequence[int]) -> list[Scores]:
        """The same of every split.

        Args:
            data_dir: the data set's folder.
            seed: the seed of the trainings.
            weights_dir: the folder of what all tables train.
            splits: numbers of the splits that the cell trains on.

        Raises:
            InputError: another process computes it, or what is there is of another configuration.
        """
        weights = training_of(self.cell, self.table, seed, weights_dir)
        folders = [run_folder_of(file) for file in split_files(weights, splits)]
        files = [folder / "evaluation" / "scores.npz" for folder in folders]
        with only_writer(weights, beside=True):
            set_aside_unless_made_by(versions_of(self.cell), weights)
            if all(file.is_file() for file in files):
                for folder in folders:
                    require_training_of(self.cell, folder)
            elif self.cell.run is None:
                raise ValueError(f"Only cells that are trained here can be fused. Received: {self.origin}")
            else:
                self.cell.run(data_dir, seed, weights)
        return [load_scores(file) for file in files]


def fused_cell(
    row: str, paper: float | None, frames: Trained, motion: Trained, rule: str, *, full_scale: str = ""
) -> Cell:
    """A cell whose number is the top-1 accuracy of two networks fused.

    Args:
        row: the cell's name.
        paper: the paper's accuracy, percent.
        frames: the network of the frames.
        motion: the network of motion.
        rule: the name of the paper's rule of fusion, of `tvnet_keras.scoring.score_fusion.RULES`.
        full_scale: the command that computes the paper's own number.
    """
    parts = {FRAMES: frames, "flow": motion}
    space, weights = score_fusion.RULES[rule]
    return Cell(
        row,
        paper,
        "top1",
        {name: part.cell.config for name, part in parts.items()},
        {
            "fused": {name: part.origin for name, part in parts.items()},
            "space": space,
            **({"weights": list(weights)} if weights else {}),
        },
        partial(_fuse, parts, rule),
        MINUTES,
        percent=True,
        comparable=False,
        full_scale=full_scale,
        network=motion.cell.network,
        columns=(Column("RGB alone", FRAMES, ".1%"), Column("flow alone", "flow", ".1%")),
    )


def _fuse(parts: dict[str, Trained], rule: str, data_dir: str, seed: int, weights: Path) -> Measurement:
    scores = {name: part.scores(data_dir, seed, weights.parent.parent) for name, part in parts.items()}
    space, shares = score_fusion.RULES[rule]
    fused = score_fusion.fuse(list(scores.values()), shares, space=space)
    alone = {name: report.top_k(one) for name, one in scores.items()}
    inputs = {name: one.header["weights_sha256"] for name, one in scores.items()}
    return Measurement(report.top1_numbers(fused) | alone, {"videos": len(fused.video_id), "inputs": inputs})
