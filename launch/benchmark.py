"""Measures speed; the machine, the versions and the protocol are written beside the numbers.

python -m launch.benchmark --suite=pipeline --data_dir=UCF-101
python -m launch.benchmark --suite=solver --data_dir=MIDDLEBURY
python -m launch.benchmark --suite=representation_flow --data_dir=UCF-101 --torch_python=ENVIRONMENT/bin/python
python -m launch.benchmark --suite=export --data_dir=MIDDLEBURY
python -m launch.benchmark --suite=flow_frontier --input=middlebury=MIDDLEBURY --input=ucf101=UCF-101
python -m launch.benchmark --suite=flow_video
"""

import inspect
import itertools
import json
import time
from pathlib import Path
from types import ModuleType

from absl import flags
from rich.console import Console
from rich.table import Table

import launch.benchmarks
from launch.run import app
from launch.run.environment import git_commit, machine, versions
from launch.run.named_inputs import parse_inputs
from tvnet_keras.atomic import atomic_path
from tvnet_keras.choices import listed, load_module
from tvnet_keras.errors import InputError

SUITE = flags.DEFINE_string(
    "suite", "pipeline", f"What is measured: a module of launch/benchmarks/ ({listed(launch.benchmarks)})."
)
DATA_DIR = flags.DEFINE_string(
    "data_dir", "", "The folder of videos or image pairs that the suite reads.", **app.SHARED_FLAG
)
INPUT = flags.DEFINE_multi_string(
    "input",
    [],
    "A folder of a suite that reads several data sets, as NAME=FOLDER; to be repeated for every data set.",
    **app.SHARED_FLAG,
)
OUTPUT = flags.DEFINE_string(
    "output", "", "The JSON file to write (default: benchmarks/<suite>.json).", **app.SHARED_FLAG
)
TORCH_PYTHON = flags.DEFINE_string(
    "torch_python", "", "Python with PyTorch, for the released layer beside ours in --suite=representation_flow."
)
TORCH_LAYER = flags.DEFINE_string(
    "torch_layer", "", "The authors' first rep_flow_layer.py, which is then timed in place of our transcription."
)


def main() -> None:
    """Reads the flags, measures, prints the table and writes the JSON file."""
    suite = load_module(launch.benchmarks, "--suite", SUITE.value)
    start = time.monotonic()
    measured = suite.run(**_options(suite))
    result = {
        "suite": SUITE.value,
        "machine": machine(),
        "versions": versions(),
        "commit": git_commit(),
        "seconds": round(time.monotonic() - start, 1),
        **measured,
    }
    path = Path(OUTPUT.value or f"benchmarks/{SUITE.value}.json")
    with atomic_path(path) as partial:
        partial.write_text(json.dumps(result, indent=2) + "\n")
    print_rows(measured["rows"])
    for note in measured.get("notes", ()):
        print(note)
    print(f"written: {path}")


def _options(suite: ModuleType) -> dict[str, str]:
    """What the flags give a suite: the parameters of its `run`.

    Raises:
        InputError: a flag is set that the suite does not have.
    """
    taken = inspect.signature(suite.run).parameters
    given = {flag.name: flag.value for flag in (DATA_DIR, TORCH_PYTHON, TORCH_LAYER)}
    for name, value in given.items():
        if value and name not in taken:
            raise InputError(f"--{name}={value} is not for --suite={SUITE.value}; leave it out.")
    inputs = parse_inputs(suite.run, INPUT.value, f"--suite={SUITE.value}")
    return {**{name: value for name, value in given.items() if name in taken}, **inputs}


def print_rows(rows: list[dict]) -> None:
    """Prints rows; neighbouring ones with the same keys stand in one table."""
    for keys, group in itertools.groupby(rows, key=tuple):
        table = Table(*keys)
        for row in group:
            table.add_row(*(_cell(value) for value in row.values()))
        Console().print(table)


def _cell(value: str | float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    app.run(main)
