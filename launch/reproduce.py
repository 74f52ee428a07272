"""Computes the papers' tables cell by cell; a killed run goes on with the next missing one.

python -m launch.reproduce --list
python -m launch.reproduce --list --table=tvnet_table1
python -m launch.reproduce --list --rows='tvnet-1-1-50.*'
python -m launch.reproduce --table=tvnet_table1 --data_dir=middlebury

A cell that has its number in --results_dir, as those that come with the repository have in docs/results, is taken from
there and not computed; the command says how many were. --recompute computes them again and replaces them; another
--results_dir starts afresh, and goes on where it was killed.

Numbers go to --results_dir, as `<table>/<row>-seed<k>.json`, the paper's page to the folder `tables` beside it, and
what a cell trained to --weights_dir, as `<table>/<row>-seed<k>.weights.h5` or as the folder `<table>/<row>-seed<k>` of
a run; data that several tables prepare lie there too. A training that is finished there is measured again and not
repeated. A cell that has its number is not trained again, whether its weights are here or not. Numbers that other
mathematics than today's made (`SOLVER_VERSION` of the motion layers) are stale: pages mark them.
"""

import fnmatch
from collections.abc import Sequence
from pathlib import Path

from absl import flags

from launch import tables
from launch.run import app
from launch.tables import Cell
from launch.tables.parts.computing import reproduce
from launch.tables.parts.listing import lines_of_cell, lines_of_rows, lines_of_tables
from launch.tables.parts.page import page_of, print_table, write_page
from launch.tables.parts.stored import all_results, results_of
from tvnet_keras.errors import InputError

TABLE = flags.DEFINE_string(
    "table",
    "",
    f"The table, of launch/tables/ ({', '.join(tables.names())}); --list takes a pattern, and all tables without it.",
)
DATA_DIR = flags.DEFINE_string("data_dir", "", "The folder of the data set that the table is about.", **app.SHARED_FLAG)
ROWS = flags.DEFINE_list("rows", ["*"], "Only rows whose names fit one of these patterns, such as 'none,block*'.")
SEEDS = flags.DEFINE_list("seeds", [], "The seeds of the trainings, such as 0,1,2 (default: those of each cell).")
RECOMPUTE = flags.DEFINE_bool(
    "recompute", False, "Also compute cells again that have a number in --results_dir, and replace it."
)
LIST = flags.DEFINE_bool(
    "list",
    False,
    "Print what there is, compute nothing: the tables; with --table its rows; with --rows all of them.",
)
RESULTS_DIR = flags.DEFINE_string(
    "results_dir",
    "docs/results",
    "The folder of the Result files; the paper's page is written to the folder `tables` beside it.",
    **app.SHARED_FLAG,
)
WEIGHTS_DIR = flags.DEFINE_string("weights_dir", "runs/reproduce", "The folder to which trained networks are written.")


def main() -> None:
    """Reads the flags; lists, or computes the missing cells and writes the page."""
    root, weights_dir = Path(RESULTS_DIR.value), Path(WEIGHTS_DIR.value)
    if LIST.value:
        print("\n".join(_listed(tables.matching(TABLE.value or "*"), root)))
        return
    if not TABLE.value:
        raise InputError("--table=NAME is required; see --list.")
    table, cells = TABLE.value, _wanted(TABLE.value)
    _check_rows(cells, f"--table={table}; see --list.")
    if not DATA_DIR.value:
        data = tables.table_module(table).DATA_SET or "none, for nothing is computed here"
        raise InputError(f"--data_dir=FOLDER is required: the data set that --table={table} is about ({data}).")
    seeds, page = _seeds(), page_of(table, root)
    print(f"Numbers: {root / table}; page: {page}; trained networks: {weights_dir / table}.", flush=True)
    reproduce(cells, table, DATA_DIR.value, seeds, root, weights_dir, recompute=RECOMPUTE.value)
    write_page(table, root)
    print_table(cells, results_of(table, root), table)


def _wanted(table: str) -> list[Cell]:
    """The cells of a table whose rows `--rows` asks for."""
    cells = tables.table_module(table).cells()
    return [cell for cell in cells if any(fnmatch.fnmatch(cell.row, pattern) for pattern in ROWS.value)]


def _check_rows(cells: Sequence[Cell], where: str) -> None:
    """Refuses a pattern of `--rows` that fits none of the cells."""
    rows = [cell.row for cell in cells]
    for pattern in ROWS.value or [""]:
        if not fnmatch.filter(rows, pattern):
            raise InputError(f"--rows={pattern} fits no row of {where}")


def _seeds() -> tuple[int, ...]:
    wrong = [seed for seed in SEEDS.value if not seed.isdecimal()]
    if wrong:
        raise InputError(f"--seeds={','.join(SEEDS.value)} must be whole numbers from 0, but {wrong[0]!r} is none.")
    return tuple(int(seed) for seed in SEEDS.value)


def _listed(asked: Sequence[str], root: Path) -> list[str]:
    """The tables a line each, or the rows of those that `--table` names, or all of the rows that `--rows` names."""
    results = all_results(root)
    if flags.FLAGS["rows"].present:
        chosen = [(table, cell) for table in asked for cell in _wanted(table)]
        _check_rows([cell for _, cell in chosen], "any table asked for; see --list without it.")
        found = [lines_of_cell(table, cell, results.get(table, {}).get(cell.row, []), root) for table, cell in chosen]
    elif TABLE.value:
        found = [[*lines_of_rows(table, results.get(table, {}), root), ""] for table in asked]
    else:
        found = [lines_of_tables(asked, results, root)]
    return [line for lines in found for line in lines]


if __name__ == "__main__":
    app.run(main)
