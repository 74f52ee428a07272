"""Computes the papers' tables cell by cell; a killed run goes on with the next missing cell.

python -m launch.reproduce --table=tvnet_table1 --data_dir=middlebury
python -m launch.reproduce --table=tvnet_table1 --list

Numbers go to --results_dir, and what a cell trained to --weights_dir, as `<table>/<row>-seed<k>.weights.h5`. A cell
that has its number is not trained again, whether its weights are here or not; another --results_dir starts afresh.
"""

import fnmatch
import time
from pathlib import Path

from absl import flags
from rich.console import Console
from rich.table import Table

import launch.tables
from launch import app, run_folder
from launch.tables import Cell
from tvnet_keras.atomic import atomic_path
from tvnet_keras.choices import load_module
from tvnet_keras.errors import InputError
from tvnet_keras.scoring.result import Result, load_results, save_result

TABLE = flags.DEFINE_string("table", "tvnet_table1", "The table: a module of launch/tables/.")
DATA_DIR = flags.DEFINE_string("data_dir", "", "The data set that the table is about.", **app.SHARED_FLAG)
ROWS = flags.DEFINE_string("rows", "*", "Only rows whose names fit this pattern, such as 'tvnet-1-1-50.*'.")
SEED = flags.DEFINE_integer("seed", 0, "Seed of the trainings.", lower_bound=0, **app.SHARED_FLAG)
LIST = flags.DEFINE_bool("list", False, "Print every cell, its number in the paper and here, and compute nothing.")
RESULTS_DIR = flags.DEFINE_string("results_dir", "docs/results", "Where Result files are.", **app.SHARED_FLAG)
WEIGHTS_DIR = flags.DEFINE_string("weights_dir", "runs/reproduce", "Where the trained networks are written.")


def main() -> None:
    """Reads the flags; lists, or computes the missing cells and writes the page."""
    cells = [cell for cell in load_module(launch.tables, "--table", TABLE.value).cells() if _wanted(cell)]
    if not cells:
        raise InputError(f"--rows={ROWS.value} fits no row of --table={TABLE.value}; see --list.")
    root = Path(RESULTS_DIR.value)
    if not LIST.value:
        if not DATA_DIR.value:
            raise InputError("--data_dir=FOLDER is required: the data set that the table is about.")
        reproduce(cells, TABLE.value, DATA_DIR.value, SEED.value, root, Path(WEIGHTS_DIR.value))
        write_page(TABLE.value, root)
    show(cells, results_of(TABLE.value, root), TABLE.value)


def _wanted(cell: Cell) -> bool:
    return fnmatch.fnmatch(cell.row, ROWS.value)


def weights_file(folder: Path, table: str, row: str, seed: int) -> Path:
    """Where the network that a cell trained is kept."""
    return folder / table / f"{row}-seed{seed}.weights.h5"


def reproduce(cells: list[Cell], table: str, data_dir: str, seed: int, root: Path, weights_dir: Path) -> None:
    """Computes every cell that has no result for this seed, and saves it at once.

    Args:
        cells: of the table.
        table: its name.
        data_dir: the data set that it is about.
        seed: of the trainings.
        root: where results are.
        weights_dir: where trained networks are written.
    """
    for number, cell in enumerate(cells, 1):
        if (root / table / f"{cell.row}-seed{seed}.json").is_file():
            continue
        print(f"[{number}/{len(cells)}] {cell.row}, about {cell.minutes:.0f} min", flush=True)
        start = time.monotonic()
        numbers = cell.run(data_dir, seed, weights_file(weights_dir, table, cell.row, seed))
        numbers["minutes"] = (time.monotonic() - start) / 60
        machine = {**run_folder.machine(), **run_folder.versions()}
        commit = run_folder.git_commit() or "unknown"
        save_result(root, Result(table, cell.row, seed, cell.config, cell.protocol, commit, machine, numbers))
        print(f"    {cell.number} {numbers[cell.number]:.3f}, paper {cell.paper}", flush=True)


def results_of(table: str, root: Path) -> dict[str, list[Result]]:
    """The results of a table by row."""
    found: dict[str, list[Result]] = {}
    for result in load_results(root) if root.is_dir() else ():
        if result.table == table:
            found.setdefault(result.row, []).append(result)
    return found


def lines(cells: list[Cell], results: dict[str, list[Result]]) -> list[list[str]]:
    """Rows of the table: name, paper, ours, difference, seeds."""
    rows = []
    for cell in cells:
        values = [result.numbers[cell.number] for result in results.get(cell.row, ())]
        ours = sum(values) / len(values) if values else None
        rows.append(
            [
                cell.row,
                "" if cell.paper is None else f"{cell.paper:.2f}",
                "" if ours is None else f"{ours:.3f}",
                "" if ours is None or cell.paper is None else f"{ours - cell.paper:+.2f}",
                str(len(values)),
            ]
        )
    return rows


HEADINGS = ("row", "paper", "here", "difference", "seeds")


def show(cells: list[Cell], results: dict[str, list[Result]], title: str) -> None:
    """Prints the table."""
    table = Table(*HEADINGS, title=title)
    for row in lines(cells, results):
        table.add_row(*row)
    Console().print(table)


def write_page(table: str, root: Path) -> Path:
    """Writes `docs/tables/<table>.md` from the results alone."""
    module = load_module(launch.tables, "--table", table)
    body = ["| " + " | ".join(HEADINGS) + " |", "|" + "---|" * len(HEADINGS)]
    body += ["| " + " | ".join(row) + " |" for row in lines(module.cells(), results_of(table, root))]
    page = root.parent / "tables" / f"{table}.md"
    text = f"# {table}\n\n{module.__doc__.strip()}\n\nWritten by `python -m launch.reproduce --table={table}`.\n\n"
    with atomic_path(page) as partial:
        partial.write_text(text + "\n".join(body) + "\n")
    print(f"written: {page}")
    return page


if __name__ == "__main__":
    app.run(main)
