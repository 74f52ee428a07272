"""A table as people read it: its rows, on the console and on the page of its paper, and what is said of each cell."""

import statistics
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from launch import tables
from launch.tables import Cell
from launch.tables.parts.stored import results_of, stale
from tvnet_keras.atomic import atomic_path
from tvnet_keras.scoring.result import STALE_MARK, Result

HEADINGS = ("row", "paper", "here", "spread", "difference", "seeds")


def table_row(cell: Cell, results: Sequence[Result]) -> list[str]:
    """A row of a table, as `HEADINGS` name its columns.

    Args:
        cell: the cell of the row.
        results: the cell's results, one for each seed.

    Returns:
        Name, the paper's number, mean over the seeds (marked if a result is stale), standard deviation over them,
        difference from the paper, number of seeds; empty where there is nothing to say.
    """
    values = [result.number(cell.number) * (100 if cell.percent else 1) for result in results]
    decimals = 1 if cell.percent else 3
    ours = statistics.fmean(values) if values else None
    mark = f" {STALE_MARK}" if stale(results) else ""
    difference = ours - cell.paper if ours is not None and cell.paper is not None and cell.comparable else None
    return [
        cell.row,
        "" if cell.paper is None else f"{cell.paper:.{1 if cell.percent else 2}f}",
        "" if ours is None else f"{ours:.{decimals}f}{mark}",
        f"{statistics.stdev(values):.{decimals}f}" if len(values) > 1 else "",
        "" if difference is None else f"{difference:+.2f}",
        str(len(values)),
    ]


def table_rows(cells: Sequence[Cell], results: dict[str, list[Result]]) -> list[list[str]]:
    """All rows of a table.

    Args:
        cells: the cells of the rows.
        results: the table's results by row.
    """
    return [table_row(cell, results.get(cell.row, [])) for cell in cells]


def print_table(cells: Sequence[Cell], results: dict[str, list[Result]], table: str) -> None:
    """Prints a table.

    Args:
        cells: the cells to print.
        results: the table's results by row.
        table: the table's name.
    """
    printed = Table(*HEADINGS, title=table)
    for row in table_rows(cells, results):
        printed.add_row(*row)
    printed.caption = _stale_note(table, cells, results)
    Console().print(printed)


def description(table: str, cell: Cell, results: Sequence[Result], root: Path) -> list[str]:
    """What is listed of a cell: its numbers, then one line for each command and each result file.

    Args:
        table: the table's name.
        cell: a cell of the table.
        results: the cell's results.
        root: the folder of all results.
    """
    _, paper, here, spread, _, seeds = table_row(cell, results)
    ours = f"{here or 'none'}{f' +- {spread}' if spread else ''} ({seeds} seeds)"
    said = [f"{table}  {cell.row}  paper {paper or 'none'}  here {ours}"]
    if cell.run:
        said.append(f"    here:   python -m launch.reproduce --table={table} --rows={cell.row} --data_dir=FOLDER")
    if cell.full_scale:
        said.append(f"    paper:  {cell.full_scale}")
    marked = {result.file_name for result in stale(results)}
    if marked and cell.run:
        said.append(f"    stale:  {_recompute_command(table, cell.row)}")
    return said + [
        f"    result: {root / result.file_name}{' (stale)' if result.file_name in marked else ''}" for result in results
    ]


def write_page(table: str, root: Path) -> Path:
    """Writes `tables/<paper>.md` beside the results, all tables of the paper that have results, from these alone.

    Args:
        table: a table of the paper; it stands on the page even if it has no result yet.
        root: the folder of all results, such as `docs/results`.

    Returns:
        The page.
    """
    paper = tables.paper_of(table)
    text, settings = [f"# {paper}", "Written by `python -m launch.reproduce --table=TABLE`."], set()
    for name in tables.names():
        results = results_of(name, root)
        if tables.paper_of(name) != paper or not (results or name == table):
            continue
        module = tables.table_module(name)
        setting = getattr(module, "SETTING", "").strip()
        text += [f"## {name}", str(module.__doc__).strip(), "" if setting in settings else setting]
        body = ["| " + " | ".join(HEADINGS) + " |", "|" + "---|" * len(HEADINGS)]
        body += ["| " + " | ".join(row) + " |" for row in table_rows(module.cells(), results)]
        text += ["\n".join(body), _stale_note(name, module.cells(), results)]
        settings.add(setting)
    page = root.parent / "tables" / f"{paper}.md"
    with atomic_path(page) as partial:
        partial.write_text("\n\n".join(part for part in text if part) + "\n", encoding="utf-8")
    print(f"written: {page}")
    return page


def _stale_note(table: str, cells: Sequence[Cell], results: dict[str, list[Result]]) -> str:
    """What the mark means, if one is shown."""
    if not stale([result for cell in cells for result in results.get(cell.row, [])]):
        return ""
    return f"{STALE_MARK} made by other mathematics than today's; `{_recompute_command(table)}` computes it again."


def _recompute_command(table: str, row: str = "") -> str:
    rows = f" --rows={row}" if row else ""
    return f"python -m launch.reproduce --table={table}{rows} --data_dir=FOLDER --recompute"
