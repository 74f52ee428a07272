"""The papers' tables, one per file in the folder of its paper; adding `<paper>/<table>.py` adds
`--table=<paper>_<table>`.

A module has

`cells() -> tuple[Cell, ...]`
    The cells of the table.
`DATA_SET`
    What `--data_dir` holds, in a word or two that fit a column, such as "ucf101"; empty if no cell is computed here.

It may also have `SETTING`, a text about what its cells share. On the paper's page, a table begins with its module's
docstring and this text. Beside the papers lies `parts`, what tables are made from.
"""

import dataclasses
import fnmatch
import importlib
import pkgutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import keras

from launch.evaluators import Measurement
from tvnet_keras.choices import check_choice, module_names

PARTS = "parts"
"""The folder here that belongs to no paper."""


@dataclasses.dataclass(frozen=True)
class Column:
    """A further number of a cell, which the table shows in a column of its own.

    Attributes:
        heading: the column's heading. Cells whose columns have the same one share the column.
        number: name of the result's number, such as `fps`; a result that lacks it leaves the place empty.
        form: how the number is written, in words of Python's `format`: ",.0f" is whole, ".1%" a fraction in percent.
        paper: the paper's number, None where it has none. The paper's numbers stand in a column before ours.
    """

    heading: str
    number: str
    form: str = ".2f"
    paper: float | None = None


@dataclasses.dataclass(frozen=True)
class Cell:
    """One number of a paper's table and how it is computed here.

    Attributes:
        row: the cell's name; its result is `docs/results/<table>/<row>-seed<k>.json`.
        paper: the paper's number, None where it has none.
        number: name of the result's number that is compared with it, such as `epe`.
        config: what the cell computes, as JSON.
        protocol: what the number means, as JSON, beside the protocol of the measure.
        run: the function that computes the cell, `(data_dir, seed, weights) -> Measurement`. A cell that trains one
            network writes it to the file `weights`, a `.weights.h5`, or its whole run to the folder of that name
            without the ending. None where the number is computed at full scale only.
        minutes: time that the cell takes on two CPU cores, about.
        seeds: the seeds of the trainings.
        percent: whether the number is a fraction and stands on the page in percent, as in the paper.
        comparable: whether the cell is computed on the paper's data, so that the difference means something.
        full_scale: the command that computes the paper's number with the paper's data and sizes.
        network: a function that makes the network of the cell, such as `TVNet`: the result records the
            `SOLVER_VERSION` of its motion layers. None where there are none, as with a classical solver.
        columns: further numbers of its results that the table shows.
        trained_as: the table and the row in whose folder its training is kept, if these are not its own.
    """

    row: str
    paper: float | None
    number: str
    config: dict[str, Any]
    protocol: dict[str, Any]
    run: Callable[[str, int, Path], Measurement] | None
    minutes: float
    seeds: tuple[int, ...] = (0,)
    percent: bool = False
    comparable: bool = True
    full_scale: str = ""
    network: Callable[[], keras.layers.Layer] | None = None
    columns: tuple[Column, ...] = ()
    trained_as: tuple[str, str] | None = None


def names() -> tuple[str, ...]:
    """The tables that exist, as `--table` takes them, in alphabetical order."""
    return tuple(sorted(_papers()))


def matching(pattern: str) -> tuple[str, ...]:
    """The tables that a pattern of file names fits, such as "tvnet_table*", in alphabetical order.

    Args:
        pattern: the pattern, or a table's name.

    Raises:
        InputError: it fits none; the sentence names the nearest one.
    """
    found = tuple(fnmatch.filter(names(), pattern))
    return found or (check_choice("--table", pattern, names()),)


def paper_of(table: str) -> str:
    """The folder of a table's paper, such as "tvnet"."""
    return _paper(table).__name__.rpartition(".")[2]


def table_module(table: str) -> ModuleType:
    """The module of a table.

    Args:
        table: the table's name, such as "tvnet_table1".

    Raises:
        InputError: there is no such table; the sentence names the nearest one.
    """
    paper = _paper(table)
    return importlib.import_module(f"{paper.__name__}.{table.removeprefix(paper_of(table) + '_')}")


def _paper(table: str) -> ModuleType:
    papers = _papers()
    return papers[check_choice("--table", table, tuple(papers))]


def _papers() -> dict[str, ModuleType]:
    """The package of the paper of every table."""
    found = [entry.name for entry in pkgutil.iter_modules(sys.modules[__name__].__path__)]
    packages = {name: importlib.import_module(f"{__name__}.{name}") for name in found if name != PARTS}
    return {f"{paper}_{table}": package for paper, package in packages.items() for table in module_names(package)}
