"""Error against time of every solver of flow, a panel per data set, with the line of those that nothing outdoes.

--input=result=FILE   what `launch.benchmark --suite=flow_frontier` wrote

A solver is on the line if none is both as fast and as exact. Names leave out the family, which the marker shows. The
error of no flow is a dotted line, where it is not too far above.
"""

import itertools
import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

from launch.figures.parts.front import front_line
from launch.figures.parts.labels import label_points
from tvnet_keras.errors import InputError
from tvnet_keras.lettering import font_file, written

SUITE = "flow_frontier"
ERROR_OF, ZERO = "mean error of", "zero flow"
"""The first key of the suite's table of errors, and its row of no flow."""

STYLES = (
    ("#0072B2", "o"),
    ("#D55E00", "*"),
    ("#009E73", "s"),
    ("#000000", "D"),
    ("#CC79A7", "^"),
    ("#E69F00", "v"),
    ("#56B4E9", "P"),
    ("#8C8C8C", "X"),
)
"""Colours, which colour-blind readers can tell apart (Okabe and Ito), and markers of the families, in their order."""

PANEL_COLUMNS = 3
PANEL_INCHES = (5.0, 4.0)
"""Width and height of a panel."""

LEGEND_INCHES = 0.5

FRONT: dict[str, Any] = {"color": "#8C8C8C", "linewidth": 1.2, "zorder": 1}
ZERO_FLOW: dict[str, Any] = {"color": "#8C8C8C", "linewidth": 1.0, "linestyle": ":", "zorder": 1}

LOGARITHMIC_FROM = 4.0
"""The axis of the errors is logarithmic if the largest error is so many times the smallest."""


class Measured(NamedTuple):
    """A solver of the result: its family, milliseconds per pair, and its mean error by data set, where it has one."""

    solver: str
    family: str
    milliseconds: float
    errors: dict[str, float]


class Result(NamedTuple):
    """What is drawn: all solvers, the errors of zero flow and their unit by data set, and what is timed, in words."""

    solvers: list[Measured]
    zero: dict[str, float]
    units: dict[str, str]
    timed: str


def draw(*, result: str) -> np.ndarray:
    """Draws the figure; the module's docstring has the input.

    Returns:
        uint8 `[H, W, 3]`, RGB.

    Raises:
        InputError: the file cannot be read, or is not what the suite writes.
    """
    canvas = FigureCanvasAgg(plot(read_result(result)))
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def read_result(path: str, flag: str = "--input=result") -> Result:
    """Reads what the suite wrote.

    Args:
        path: the JSON file.
        flag: the flag that names it, for the sentence of an error.

    Raises:
        InputError: the file cannot be read, or is not what the suite writes.
    """
    try:
        return _parsed(json.loads(Path(path).read_text(encoding="utf-8")))
    except OSError as error:
        raise InputError(f"{flag}={path} cannot be read ({error.strerror}); check the path.") from error
    # Whatever else the file may hold in place of what the suite writes.
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else error
        raise InputError(
            f"{flag}={path} is no result of --suite={SUITE} ({reason}); let launch.benchmark write it again."
        ) from error


def _parsed(stored: Any) -> Result:
    if stored["suite"] != SUITE:
        raise ValueError(f"it is of the suite {stored['suite']}")
    protocol, rows = stored["protocol"], stored["rows"]
    units = {name: str(one["unit"]) for name, one in protocol["errors"].items()}
    errors = {row[ERROR_OF]: _errors(row, units) for row in rows if ERROR_OF in row}
    solvers = []
    for row in rows:
        if "solver" in row:
            milliseconds = _number(row["ms_per_pair"])
            if not milliseconds:
                raise ValueError(f"{row['solver']} took no time")
            solvers.append(Measured(str(row["solver"]), str(row["family"]), milliseconds, errors[row["solver"]]))
    if not any(solver.errors for solver in solvers):
        raise ValueError("no solver has both a time and an error")
    height, width = protocol["size"]
    return Result(solvers, errors[ZERO], units, f"pair of {width} x {height}, {protocol['cores']} cores")


def _errors(row: dict[str, Any], names: Iterable[str]) -> dict[str, float]:
    return {name: _number(row[name]) for name in names if row[name] is not None}


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise ValueError(f"{value!r} is neither a time nor an error")
    return float(value)


def plot(result: Result) -> Figure:
    """The figure, with every name in its place.

    Args:
        result: what is drawn.
    """
    panels = [name for name in result.units if any(name in solver.errors for solver in result.solvers)]
    columns = min(PANEL_COLUMNS, len(panels))
    lines = math.ceil(len(panels) / columns)
    size = (PANEL_INCHES[0] * columns, PANEL_INCHES[1] * lines + LEGEND_INCHES)
    figure = Figure(figsize=size, dpi=100, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    file = font_file([word for solver in result.solvers for word in solver[:2]] + panels)
    font = FontProperties(fname=file, size=8)
    grid = {name: figure.add_subplot(lines, columns, number) for number, name in enumerate(panels, 1)}
    for name, axes in grid.items():
        _draw_panel(axes, name, result)
        axes.set_title(written(name, file), font=font, fontsize=10, parse_math=False)
    _draw_legend(figure, result, file)
    # Names find their places once the panels have theirs.
    canvas.draw()
    figure.set_layout_engine("none")
    for name, axes in grid.items():
        shown, points = _shown(result, name)
        names = [written(_short(solver.solver), file) for solver in shown]
        label_points(axes, canvas, points, names, front_line(points, axes.get_xlim()[1]), font=font, parse_math=False)
    return figure


def _draw_panel(axes: Axes, name: str, result: Result) -> None:
    """One data set: its solvers, the line of those that nothing outdoes, and the error of zero flow."""
    styles = _styles(result)
    shown, points = _shown(result, name)
    for solver, (milliseconds, error) in zip(shown, points, strict=True):
        colour, marker = styles[solver.family]
        axes.plot(milliseconds, error, color=colour, marker=marker, markersize=7, linestyle="none", zorder=3)
    axes.set_xscale("log")
    smallest, largest = min(error for _, error in points), max(error for _, error in points)
    if 0 < LOGARITHMIC_FROM * smallest < largest:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
        axes.yaxis.set_minor_locator(NullLocator())
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    axes.margins(0.12)
    # What follows must not move the limits.
    axes.autoscale_view()
    axes.set(xlim=axes.get_xlim(), ylim=axes.get_ylim())
    axes.set_xlabel(f"ms per {result.timed}", parse_math=False)
    axes.set_ylabel(f"mean error, {result.units[name]}", parse_math=False)
    axes.plot(*zip(*front_line(points, axes.get_xlim()[1]), strict=True), **FRONT)
    if name in result.zero:
        axes.axhline(result.zero[name], **ZERO_FLOW)
    axes.grid(alpha=0.3, linewidth=0.5)


def _draw_legend(figure: Figure, result: Result, file: str) -> None:
    families = [
        Line2D([], [], color=colour, marker=marker, markersize=7, linestyle="none", label=written(family, file))
        for family, (colour, marker) in _styles(result).items()
    ]
    lines = [Line2D([], [], label="not outdone", **FRONT), Line2D([], [], label="no flow", **ZERO_FLOW)]
    legend = figure.legend(handles=families + lines, loc="outside lower center", ncols=len(families) + len(lines))
    for text in legend.get_texts():
        text.set(font=FontProperties(fname=file, size=9), parse_math=False)


def _styles(result: Result) -> dict[str, tuple[str, str]]:
    """Colour and marker of every family; beyond the eighth they come again."""
    families = dict.fromkeys(solver.family for solver in result.solvers)
    return dict(zip(families, itertools.cycle(STYLES), strict=False))


def _shown(result: Result, name: str) -> tuple[list[Measured], list[tuple[float, float]]]:
    """The solvers that have an error on a data set, and their milliseconds and errors."""
    shown = [solver for solver in result.solvers if name in solver.errors]
    return shown, [(solver.milliseconds, solver.errors[name]) for solver in shown]


def _short(solver: str) -> str:
    """A solver's name without its first word, which stands for the family, where there is another word."""
    return solver.partition("-")[2] or solver
