"""Computes the papers' tables cell by cell; a killed run goes on with the next missing cell.

python -m launch.reproduce --list
python -m launch.reproduce --table=tvnet_table1 --list
python -m launch.reproduce --table=tvnet_table1 --data_dir=middlebury

Numbers go to --results_dir, and what a cell trained to --weights_dir, as `<table>/<row>-seed<k>.weights.h5` or as the
folder `<table>/<row>-seed<k>` of a run. A cell that has its number is not trained again, whether its weights are here
or not; another --results_dir starts afresh. Numbers that other mathematics than today's made (`SOLVER_VERSION` of the
motion layers) are stale: pages mark them, and --recompute computes them again.
"""

import fnmatch
from collections.abc import Sequence
from pathlib import Path

from absl import flags

from launch import tables
from launch.run import app
from launch.tables import Cell
from launch.tables.parts.computing import reproduce
from launch.tables.parts.page import description, print_table, write_page
from launch.tables.parts.stored import results_of
from tvnet_keras.errors import InputError

TABLE = flags.DEFINE_string(
    "table", "", f"The table, of launch/tables/ ({', '.join(tables.names())}); --list takes all without it."
)
DATA_DIR = flags.DEFINE_string("data_dir", "", "The folder of the data set that the table is about.", **app.SHARED_FLAG)
ROWS = flags.DEFINE_string("rows", "*", "Only rows whose names fit this pattern, such as 'tvnet-1-1-50.*'.")
SEEDS = flags.DEFINE_list("seeds", [], "The seeds of the trainings, such as 0,1,2 (default: those of each cell).")
RECOMPUTE = flags.DEFINE_bool(
    "recompute", False, "Also compute stale cells again: those of other mathematics than today's."
)
LIST = flags.DEFINE_bool("list", False, "Print every cell, its numbers, commands and result files; compute nothing.")
RESULTS_DIR = flags.DEFINE_string("results_dir", "docs/results", "The folder of the Result files.", **app.SHARED_FLAG)
WEIGHTS_DIR = flags.DEFINE_string("weights_dir", "runs/reproduce", "The folder to which trained networks are written.")


def main() -> None:
    """Reads the flags; lists, or computes the missing cells and writes the page."""
    root = Path(RESULTS_DIR.value)
    if LIST.value:
        _list_tables((TABLE.value,) if TABLE.value else tables.names(), root)
        return
    if not TABLE.value:
        raise InputError("--table=NAME is required; see --list.")
    cells = _wanted(TABLE.value)
    if not cells:
        raise InputError(f"--rows={ROWS.value} fits no row of --table={TABLE.value}; see --list.")
    if not DATA_DIR.value:
        raise InputError("--data_dir=FOLDER is required: the data set that the table is about.")
    reproduce(cells, TABLE.value, DATA_DIR.value, _seeds(), root, Path(WEIGHTS_DIR.value), recompute=RECOMPUTE.value)
    write_page(TABLE.value, root)
    print_table(cells, results_of(TABLE.value, root), TABLE.value)


def _wanted(table: str) -> list[Cell]:
    """The cells of a table whose rows `--rows` asks for."""
    cells = tables.table_module(table).cells()
    return [cell for cell in cells if fnmatch.fnmatch(cell.row, ROWS.value)]


def _seeds() -> tuple[int, ...]:
    wrong = [seed for seed in SEEDS.value if not seed.isdecimal()]
    if wrong:
        raise InputError(f"--seeds={','.join(SEEDS.value)} must be whole numbers from 0, but {wrong[0]!r} is none.")
    return tuple(int(seed) for seed in SEEDS.value)


def _list_tables(asked: Sequence[str], root: Path) -> None:
    chosen = [(table, cell) for table in asked for cell in _wanted(table)]
    if not chosen:
        raise InputError(f"--rows={ROWS.value} fits no row of any table asked for; see --list without it.")
    # Reading all results for every cell would take seconds.
    results = {table: results_of(table, root) for table in dict(chosen)}
    for table, cell in chosen:
        print("\n".join(description(table, cell, results[table].get(cell.row, []), root)))


if __name__ == "__main__":
    app.run(main)
