"""Run times that a benchmark has measured, beside the paper's."""

import json
from functools import partial
from pathlib import Path

from launch.benchmarks.parts import table9
from launch.evaluators import Measurement
from launch.tables import Cell, Column
from tvnet_keras.errors import InputError

FILE = "representation_flow.json"
"""What `launch.benchmark` writes into its folder."""

COMMAND = "python -m launch.benchmark --suite=representation_flow --data_dir=UCF-101"

NAME = "table 9"
"""The key under which the benchmark says which network a row is of."""


def run_time_cell(row: str, paper: float, name: str) -> Cell:
    """A cell whose number is the milliseconds of a network for one clip.

    Args:
        row: the cell's name.
        paper: the paper's milliseconds.
        name: what the benchmark calls the network.
    """
    to_rgb = Column("to RGB", "to_rgb", ".2f", paper=paper / table9.PAPER_MS[table9.RGB])
    return Cell(
        row,
        paper,
        "ms",
        {"benchmark": name},
        {"file": FILE},
        partial(_read, name),
        0.0,
        comparable=False,
        full_scale=COMMAND,
        columns=(to_rgb,),
    )


def _read(name: str, data_dir: str, seed: int, weights: Path) -> Measurement:
    """The benchmark's row, with how it was measured."""
    file = Path(data_dir) / FILE
    if not file.is_file():
        raise InputError(f"--data_dir={data_dir} holds no {FILE}: name the folder that launch.benchmark writes.")
    said = json.loads(file.read_text(encoding="utf-8"))
    found = next((row for row in said["rows"] if row.get(NAME) == name), None)
    if found is None:
        raise InputError(f"{file} has no run time of {name}; run {COMMAND}.")
    measured = {"benchmark_commit": said["commit"], "benchmark_machine": said["machine"], **said["protocol"]}
    return Measurement({number: found[number] for number in ("ms", "lowest", "highest", "to_rgb")}, measured)
