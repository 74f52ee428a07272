"""What `launch.reproduce --list` prints, in lines that a screen holds: tables, the rows of a table, all of a row."""

import re
import statistics
import textwrap
from collections.abc import Sequence
from pathlib import Path

from launch import tables
from launch.tables import Cell
from launch.tables.parts.page import further_numbers, recompute_command, table_row
from launch.tables.parts.stored import stale
from tvnet_keras.scoring.result import STALE_MARK, Result

WIDTH = 100
"""Number of characters of a line, where no word is longer."""

FULL_SCALE = "full scale"
"""In place of minutes: the cell is computed at full scale only."""

LEAST = 0.05
"""Minutes; less would be written as none."""

STALE_NOTE = f"{STALE_MARK}: made by other mathematics than today's"


def lines_of_tables(names: Sequence[str], results: dict[str, dict[str, list[Result]]], root: Path) -> list[str]:
    """A line for every table: its data set, how many of its rows have a number of ours, and how long a cell took.

    Args:
        names: the tables.
        results: all results, by table and row.
        root: the folder of all results.
    """
    rows = [("table", "data set", "rows here/all", "min/cell")]
    for name in names:
        module, of_table = tables.table_module(name), results.get(name, {})
        cells = module.cells()
        stored = [of_table[cell.row] for cell in cells if cell.row in of_table]
        mark = STALE_MARK if stale([result for row in stored for result in row]) else ""
        here = f"{len(stored)}/{len(cells)} {mark}".strip()
        rows.append((name, module.DATA_SET or "none", here, _minutes_of_table(cells, of_table)))
    return [
        *_aligned(rows, "<<>>"),
        *_wrapped(
            f"rows here: that have a number of ours in {root} ({STALE_NOTE}). min/cell: what a cell and seed of these "
            "took on two CPU cores, in the mean; in brackets what is expected. --list --table=NAME shows a table's "
            "rows, --list --rows=PATTERN commands and result files too; both take patterns, such as 'tvnet_table*'."
        ),
    ]


def lines_of_rows(table: str, results: dict[str, list[Result]], root: Path) -> list[str]:
    """A line for every row of a table: the paper's number, ours, and how long a cell of it took.

    Args:
        table: the table's name.
        results: the table's results by row.
        root: the folder of all results.
    """
    module = tables.table_module(table)
    cells = module.cells()
    units = " and ".join(dict.fromkeys(f"{cell.number}{' in percent' if cell.percent else ''}" for cell in cells))
    title = f"{table}: {units} on {module.DATA_SET or 'no data set of ours'}; numbers here are those of {root}"
    rows = [("row", "paper", "here", "spread", "seeds", "min/cell")]
    for cell in cells:
        of_row = results.get(cell.row, [])
        _, paper, here, spread, _, seeds = table_row(cell, of_row)
        rows.append((cell.row, paper, here, spread, seeds, _minutes(cell, of_row)))
    marked = [f"{STALE_NOTE}; --recompute computes it again"] if stale(_flat(cells, results)) else []
    return [*_wrapped(title), *_aligned(rows, "<>>>>>"), *marked]


def lines_of_cell(table: str, cell: Cell, results: Sequence[Result], root: Path) -> list[str]:
    """All that is known of a cell: its numbers, then its commands and its result files.

    Args:
        table: the table's name.
        cell: a cell of the table.
        results: the cell's results.
        root: the folder of all results.
    """
    _, paper, here, spread, _, seeds = table_row(cell, results)
    ours = f"{here or 'none'}{f' +- {spread}' if spread else ''} ({seeds} seeds)"
    further = "".join(f"  {heading} {number}" for heading, number in further_numbers(cell, results).items())
    said = _wrapped(f"{table}  {cell.row}  paper {paper or 'none'}  here {ours}{further}")
    if cell.run:
        said.append(f"    data:   {tables.table_module(table).DATA_SET}, min/cell {_minutes(cell, results)}")
        said += _command("here", f"python -m launch.reproduce --table={table} --rows={cell.row} --data_dir=FOLDER")
    if cell.full_scale:
        said += _command("paper", cell.full_scale)
    marked = {result.file_name for result in stale(results)}
    if marked and cell.run:
        said += _command("stale", recompute_command(table, cell.row))
    return said + [
        f"    result: {root / result.file_name}{' (stale)' if result.file_name in marked else ''}" for result in results
    ]


def _flat(cells: Sequence[Cell], results: dict[str, list[Result]]) -> list[Result]:
    return [result for cell in cells for result in results.get(cell.row, [])]


def _minutes_of_table(cells: Sequence[Cell], results: dict[str, list[Result]]) -> str:
    taken = _taken(_flat(cells, results))
    expected = [cell.minutes for cell in cells if cell.run]
    if taken:
        return _written(statistics.fmean(taken))
    return f"({_written(statistics.fmean(expected))})" if expected else FULL_SCALE


def _minutes(cell: Cell, results: Sequence[Result]) -> str:
    """How long a cell took in the mean over its seeds; in brackets, how long it is expected to take."""
    taken = _taken(results)
    if taken:
        return _written(statistics.fmean(taken))
    return f"({_written(cell.minutes)})" if cell.run else FULL_SCALE


def _written(minutes: float) -> str:
    return f"{minutes:.1f}" if minutes >= LEAST else "<0.1"


def _taken(results: Sequence[Result]) -> list[float]:
    return [result.numbers["minutes"] for result in results if "minutes" in result.numbers]


def _aligned(rows: Sequence[tuple[str, ...]], sides: str) -> list[str]:
    """Columns as wide as what they hold, at the left (<) or the right (>)."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [f"{text:{side}{width}}" for text, side, width in zip(row, sides, widths, strict=True)]
        lines.append("  ".join(cells).rstrip())
    return lines


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)


def _command(label: str, command: str) -> list[str]:
    r"""A command that can be copied: it is broken before flags, with a backslash."""
    lines, start = [], f"    {label + ':':8}"
    for word in re.split(r" (?=--)", command):
        if lines and len(lines[-1]) + len(word) + 3 <= WIDTH:
            lines[-1] += f" {word}"
        elif lines:
            lines[-1] += " \\"
            lines.append(f"{'':14}{word}")
        else:
            lines.append(f"{start}{word}")
    return lines
