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
import itertools
import json
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from absl import flags
from rich.console import Console
from rich.table import Table

from launch import tables
from launch.run import app, environment
from launch.tables import Cell
from tvnet_keras.atomic import atomic_path
from tvnet_keras.errors import InputError
from tvnet_keras.layers.motion_layer import current_versions, solver_versions
from tvnet_keras.one_writer import only_writer
from tvnet_keras.scoring.result import STALE_MARK, Result, load_results, save_result

TABLE = flags.DEFINE_string(
    "table", "", f"The table, of launch/tables/ ({', '.join(tables.names())}); --list takes all without it."
)
DATA_DIR = flags.DEFINE_string("data_dir", "", "The data set that the table is about.", **app.SHARED_FLAG)
ROWS = flags.DEFINE_string("rows", "*", "Only rows whose names fit this pattern, such as 'tvnet-1-1-50.*'.")
SEEDS = flags.DEFINE_list("seeds", [], "Seeds of the trainings, such as 0,1,2 (default: those that each cell has).")
RECOMPUTE = flags.DEFINE_bool("recompute", False, "Compute stale cells again: those of other mathematics than today's.")
LIST = flags.DEFINE_bool("list", False, "Print every cell, its numbers, commands and result files; compute nothing.")
RESULTS_DIR = flags.DEFINE_string("results_dir", "docs/results", "Where Result files are.", **app.SHARED_FLAG)
WEIGHTS_DIR = flags.DEFINE_string("weights_dir", "runs/reproduce", "Where the trained networks are written.")


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
    show(cells, results_of(TABLE.value, root), TABLE.value)


def _wanted(table: str) -> list[Cell]:
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


def description(table: str, cell: Cell, results: Sequence[Result], root: Path) -> list[str]:
    """What --list says about a cell: numbers, then one line for each command and each result file.

    Args:
        table: its name.
        cell: of the table.
        results: of the cell.
        root: where results are.
    """
    _, paper, here, spread, _, seeds = line(cell, results)
    ours = f"{here or 'none'}{f' +- {spread}' if spread else ''} ({seeds} seeds)"
    said = [f"{table}  {cell.row}  paper {paper or 'none'}  here {ours}"]
    if cell.run:
        said.append(f"    here:   python -m launch.reproduce --table={table} --rows={cell.row} --data_dir=FOLDER")
    if cell.full_scale:
        said.append(f"    paper:  {cell.full_scale}")
    stale = {result.file_name for result in _stale(results)}
    if stale and cell.run:
        said.append(f"    stale:  {_recompute_command(table, cell.row)}")
    return said + [
        f"    result: {root / result.file_name}{' (stale)' if result.file_name in stale else ''}" for result in results
    ]


def weights_file(folder: Path, table: str, row: str, seed: int) -> Path:
    """Where the network that a cell trained is kept."""
    return folder / table / f"{row}-seed{seed}.weights.h5"


def reproduce(
    cells: Sequence[Cell],
    table: str,
    data_dir: str,
    seeds: Sequence[int],
    root: Path,
    weights_dir: Path,
    *,
    recompute: bool = False,
) -> None:
    """Computes every cell and seed that has no result, and saves it at once; first one seed of all cells.

    Says first how many cells it takes from `root`, and how many of these are stale.

    Args:
        cells: of the table; those that are computed at full scale only are left out.
        table: its name.
        data_dir: the data set that it is about.
        seeds: of the trainings; none takes those that each cell has.
        root: where results are.
        weights_dir: where trained networks are written.
        recompute: whether stale cells are computed again.

    Raises:
        InputError: another process computes a cell that it has come to.
    """
    every = sorted({seed for cell in cells for seed in seeds or cell.seeds})
    plan = [(cell, seed) for seed in every for cell in cells if cell.run and seed in (seeds or cell.seeds)]
    asked, results = {(cell.row, seed) for cell, seed in plan}, results_of(table, root)
    stored = [result for row in results.values() for result in row if (result.row, result.seed) in asked]
    print(_taken(len(plan), len(stored), len(_stale(stored)), root, recompute), flush=True)
    for number, (cell, seed) in enumerate(plan, 1):
        # Looked up again: another process may have computed it since.
        there = _stored(table, cell.row, seed, root)
        if there and not (recompute and _stale(there)):
            continue
        print(f"[{number}/{len(plan)}] {cell.row}, seed {seed}, about {cell.minutes:.1f} min", flush=True)
        weights = weights_file(weights_dir, table, cell.row, seed)
        with only_writer(weights, beside=True):
            result = _computed(cell, table, data_dir, seed, weights)
            save_result(root, result)
        print(f"    {cell.number} {result.numbers[cell.number]:.3f}, paper {cell.paper}", flush=True)


def _stored(table: str, row: str, seed: int, root: Path) -> list[Result]:
    """The result of a cell and seed, if there is one."""
    return [result for result in results_of(table, root).get(row, []) if result.seed == seed]


def _stale(results: Sequence[Result]) -> list[Result]:
    current = current_versions()
    return [result for result in results if result.is_stale(current)]


def _taken(planned: int, stored: int, stale: int, root: Path, recompute: bool) -> str:
    said = f"{stored} of {planned} cells are in {root}"
    if stale and recompute:
        return f"{said}, {stale} of them stale: these are computed again."
    return f"{said}, {stale} of them stale: --recompute computes these again." if stale else f"{said}."


def _computed(cell: Cell, table: str, data_dir: str, seed: int, weights: Path) -> Result:
    versions = solver_versions(cell.network()) if cell.network else {}
    _begin(weights, versions)
    # How long a training took that a killed process began is not known.
    begun, start = _run_of(weights).is_dir(), time.monotonic()
    measured = cell.run(data_dir, seed, weights)
    took = {} if begun else {"minutes": (time.monotonic() - start) / 60}
    numbers = {**measured.numbers, **took}
    protocol = {**cell.protocol, **measured.protocol}
    machine = {**environment.machine(), **environment.versions()}
    commit = environment.git_commit() or "unknown"
    return Result(table, cell.row, seed, cell.config, protocol, commit, machine, numbers, versions)


def _run_of(weights: Path) -> Path:
    """The folder of what a cell trains, where it keeps the whole run."""
    return weights.with_name(weights.name.removesuffix(".weights.h5"))


def _begin(weights: Path, versions: dict[str, int]) -> None:
    """Notes of what mathematics the run is; one begun with others, which training would continue, is set aside."""
    if not versions:
        return
    folder = _run_of(weights)
    note = folder.with_name(f"{folder.name}.solver_versions.json")
    text = json.dumps(versions) + "\n"
    if note.is_file() and note.read_bytes() == text.encode():
        return
    if folder.is_dir():
        numbered = (folder.with_name(f"{folder.name}.stale{number}") for number in itertools.count(1))
        aside = next(path for path in numbered if not path.exists())
        folder.rename(aside)
        print(f"    {folder} is not known to be of today's mathematics: renamed {aside.name}", flush=True)
    with atomic_path(note) as partial:
        partial.write_text(text)


def results_of(table: str, root: Path) -> dict[str, list[Result]]:
    """The results of a table by row."""
    found: dict[str, list[Result]] = {}
    for result in load_results(root) if root.is_dir() else ():
        if result.table == table:
            found.setdefault(result.row, []).append(result)
    return found


HEADINGS = ("row", "paper", "here", "spread", "difference", "seeds")


def line(cell: Cell, results: Sequence[Result]) -> list[str]:
    """A row of the table: name, paper, mean over seeds, their standard deviation, difference, number of seeds.

    The mean is marked if one of its results is stale.
    """
    values = [result.number(cell.number) * (100 if cell.percent else 1) for result in results]
    decimals = 1 if cell.percent else 3
    ours = statistics.fmean(values) if values else None
    mark = f" {STALE_MARK}" if _stale(results) else ""
    compared = ours is not None and cell.paper is not None and cell.comparable
    return [
        cell.row,
        "" if cell.paper is None else f"{cell.paper:.{1 if cell.percent else 2}f}",
        "" if ours is None else f"{ours:.{decimals}f}{mark}",
        f"{statistics.stdev(values):.{decimals}f}" if len(values) > 1 else "",
        f"{ours - cell.paper:+.2f}" if compared else "",
        str(len(values)),
    ]


def lines(cells: Sequence[Cell], results: dict[str, list[Result]]) -> list[list[str]]:
    """The rows of the table."""
    return [line(cell, results.get(cell.row, [])) for cell in cells]


def show(cells: Sequence[Cell], results: dict[str, list[Result]], title: str) -> None:
    """Prints the table."""
    table = Table(*HEADINGS, title=title)
    for row in lines(cells, results):
        table.add_row(*row)
    table.caption = _stale_note(title, cells, results)
    Console().print(table)


def _stale_note(table: str, cells: Sequence[Cell], results: dict[str, list[Result]]) -> str:
    """What the mark means, if one is shown."""
    if not _stale([result for cell in cells for result in results.get(cell.row, [])]):
        return ""
    return f"{STALE_MARK} made by other mathematics than today's; `{_recompute_command(table)}` computes it again."


def _recompute_command(table: str, row: str = "") -> str:
    rows = f" --rows={row}" if row else ""
    return f"python -m launch.reproduce --table={table}{rows} --data_dir=FOLDER --recompute"


def write_page(table: str, root: Path) -> Path:
    """Writes `docs/tables/<paper>.md`, all tables of the paper that have results, from the results alone."""
    paper = tables.paper_of(table)
    text, settings = [f"# {paper}", "Written by `python -m launch.reproduce --table=TABLE`."], set()
    for name in tables.names():
        results = results_of(name, root)
        if tables.paper_of(name) != paper or not (results or name == table):
            continue
        module = tables.table_module(name)
        setting = getattr(module, "SETTING", "").strip()
        text += [f"## {name}", module.__doc__.strip(), "" if setting in settings else setting]
        body = ["| " + " | ".join(HEADINGS) + " |", "|" + "---|" * len(HEADINGS)]
        body += ["| " + " | ".join(row) + " |" for row in lines(module.cells(), results)]
        text += ["\n".join(body), _stale_note(name, module.cells(), results)]
        settings.add(setting)
    page = root.parent / "tables" / f"{paper}.md"
    with atomic_path(page) as partial:
        partial.write_text("\n\n".join(part for part in text if part) + "\n", encoding="utf-8")
    print(f"written: {page}")
    return page


if __name__ == "__main__":
    app.run(main)
