"""The papers' tables, one per file: `cells() -> tuple[Cell, ...]`. Adding a file adds `--table=<its name>`."""

import dataclasses
from collections.abc import Callable
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Cell:
    """One number of a paper's table and how it is computed here.

    Attributes:
        row: the cell's name; its result is `docs/results/<table>/<row>-seed<k>.json`.
        paper: the paper's number, None where it has none.
        number: which entry of the result stands beside it, such as `epe`.
        config: what the cell computes, JSON.
        protocol: what the number means, JSON.
        run: `(data_dir, seed, weights) -> {name: number}`; a cell that trains one network writes it to the file
            `weights`, a `.weights.h5`.
        minutes: how long it took on two CPU cores, about.
    """

    row: str
    paper: float | None
    number: str
    config: dict
    protocol: dict
    run: Callable[[str, int, Path], dict[str, float]]
    minutes: float
