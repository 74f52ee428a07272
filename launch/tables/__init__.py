"""The papers' tables, one per file: `cells() -> tuple[Cell, ...]`. Adding a file adds `--table=<its name>`.

A table's page begins with its module's docstring and, if there is one, `SETTING`: what its cells share, in words.
"""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import keras

from launch.evaluators import Measurement


@dataclasses.dataclass(frozen=True)
class Cell:
    """One number of a paper's table and how it is computed here.

    Attributes:
        row: the cell's name; its result is `docs/results/<table>/<row>-seed<k>.json`.
        paper: the paper's number, None where it has none.
        number: which entry of the result stands beside it, such as `epe`.
        config: what the cell computes, JSON.
        protocol: what the number means, JSON, beside what the measure says of itself.
        run: `(data_dir, seed, weights) -> Measurement`; a cell that trains one network writes it to the file
            `weights`, a `.weights.h5`, or its whole run to the folder of that name without the ending. None where
            the number is computed at full scale only.
        minutes: how long it took on two CPU cores, about.
        seeds: of the trainings.
        percent: whether the result is a fraction and stands on the page in percent, as in the paper.
        comparable: whether the number here is about the paper's data, so that their difference means something.
        full_scale: the command that computes the paper's number with the paper's data and sizes.
        network: makes what the number is computed with, such as `TVNet`: the result records the `SOLVER_VERSION` of
            its motion layers. None where there are none, as with a classical solver.
    """

    row: str
    paper: float | None
    number: str
    config: dict
    protocol: dict
    run: Callable[[str, int, Path], Measurement] | None
    minutes: float
    seeds: tuple[int, ...] = (0,)
    percent: bool = False
    comparable: bool = True
    full_scale: str = ""
    network: Callable[[], keras.layers.Layer] | None = None
