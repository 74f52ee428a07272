"""A table as people read it: its rows, on the console and on the page of its paper."""

import statistics
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Column as Heading
from rich.table import Table

from launch import tables
from launch.tables import Cell, Column
from launch.tables.parts.stored import all_results, stale
from tvnet_keras.atomic import atomic_path
from tvnet_keras.scoring.result import STALE_MARK, Result

HEADINGS = ("row", "paper", "here", "spread", "difference", "seeds")
"""The columns that every table has; further ones are named by its cells."""

LOG_WIDTH = 1000
"""Number of characters that a line of a log may have."""


def table_row(cell: Cell, results: Sequence[Result]) -> list[str]:
    """A row of a table without its further columns, as `HEADINGS` name them.

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
    mark = _mark(results)
    difference = ours - cell.paper if ours is not None and cell.paper is not None and cell.comparable else None
    return [
        cell.row,
        "" if cell.paper is None else f"{cell.paper:.{1 if cell.percent else 2}f}",
        "" if ours is None else f"{ours:.{decimals}f}{mark}",
        f"{statistics.stdev(values):.{decimals}f}" if len(values) > 1 else "",
        "" if difference is None else f"{difference:+.2f}",
        str(len(values)),
    ]


def table_headings(cells: Sequence[Cell]) -> list[str]:
    """The headings of a table: `HEADINGS`, then the further columns in the order in which its cells name them.

    Args:
        cells: the cells of the table.
    """
    columns = [column for cell in cells for column in cell.columns]
    in_paper = {column.heading: _paper_heading(column) for column in columns if column.paper is not None}
    ours = dict.fromkeys(column.heading for column in columns)
    return [*HEADINGS, *(text for name in ours for text in (in_paper.get(name), name) if text)]


def table_rows(cells: Sequence[Cell], results: dict[str, list[Result]]) -> list[list[str]]:
    """All rows of a table, as `table_headings` names their columns.

    Args:
        cells: the cells of the rows.
        results: the table's results by row.
    """
    further = table_headings(cells)[len(HEADINGS) :]
    rows = []
    for cell in cells:
        of_row = results.get(cell.row, [])
        numbers = further_numbers(cell, of_row)
        rows.append(table_row(cell, of_row) + [numbers.get(heading, "") for heading in further])
    return rows


def further_numbers(cell: Cell, results: Sequence[Result]) -> dict[str, str]:
    """What a row has in the further columns, by heading: means over the seeds, marked if a result is stale.

    Args:
        cell: the cell of the row.
        results: the cell's results, one for each seed.
    """
    found = {}
    for column in cell.columns:
        if column.paper is not None:
            found[_paper_heading(column)] = format(column.paper, column.form)
        values = [result.numbers[column.number] for result in results if column.number in result.numbers]
        if values:
            found[column.heading] = format(statistics.fmean(values), column.form) + _mark(results)
    return found


def _paper_heading(column: Column) -> str:
    return f"{column.heading}, paper"


def _mark(results: Sequence[Result]) -> str:
    return f" {STALE_MARK}" if stale(results) else ""


def print_table(cells: Sequence[Cell], results: dict[str, list[Result]], table: str) -> None:
    """Prints a table.

    Args:
        cells: the cells to print.
        results: the table's results by row.
        table: the table's name.
    """
    printed = Table(*(Heading(heading, overflow="fold") for heading in table_headings(cells)), title=table)
    for row in table_rows(cells, results):
        printed.add_row(*row)
    printed.caption = _stale_note(table, cells, results)
    console = Console()
    if not console.is_terminal:
        # A log has no width that the table would have to be squeezed into; it takes what it needs.
        console.width = LOG_WIDTH
    console.print(printed)


def page_of(table: str, root: Path) -> Path:
    """Where the page of a table's paper is: `tables/<paper>.md`, beside the folder of all results.

    Args:
        table: a table of the paper.
        root: the folder of all results.
    """
    return root.parent / "tables" / f"{tables.paper_of(table)}.md"


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
    found = all_results(root)
    for name in tables.names():
        results = found.get(name, {})
        if tables.paper_of(name) != paper or not (results or name == table):
            continue
        module = tables.table_module(name)
        setting = getattr(module, "SETTING", "").strip()
        text += [f"## {name}", str(module.__doc__).strip(), "" if setting in settings else setting]
        headings = table_headings(module.cells())
        body = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
        body += ["| " + " | ".join(row) + " |" for row in table_rows(module.cells(), results)]
        text += ["\n".join(body), _stale_note(name, module.cells(), results)]
        settings.add(setting)
    page = page_of(table, root)
    with atomic_path(page) as partial:
        partial.write_text("\n\n".join(part for part in text if part) + "\n", encoding="utf-8")
    print(f"written: {page}")
    return page


def _stale_note(table: str, cells: Sequence[Cell], results: dict[str, list[Result]]) -> str:
    """What the mark means, if one is shown."""
    if not stale([result for cell in cells for result in results.get(cell.row, [])]):
        return ""
    return f"{STALE_MARK} made by other mathematics than today's; `{recompute_command(table)}` computes it again."


def recompute_command(table: str, row: str = "") -> str:
    """The command that computes a table again, or one row of it.

    Args:
        table: the table's name.
        row: the row's name.
    """
    rows = f" --rows={row}" if row else ""
    return f"python -m launch.reproduce --table={table}{rows} --data_dir=FOLDER --recompute"
