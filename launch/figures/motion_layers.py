"""Accuracy against time of every motion layer in front of the same temporal stream, at equal budget.

--input=results=FOLDER   the results of the tables (default docs/results), of which those of hidden_two_stream_motion
                         are drawn: `launch.reproduce --table=hidden_two_stream_motion` writes them

A point is the mean over seeds; where there are several, a line leads from the lowest accuracy to the highest. The grey
line is of the layers that nothing outdoes: none is both as fast and as accurate. A dagger marks results of earlier
mathematics.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

from launch.figures.flow_frontier import FRONT
from launch.figures.parts.front import front_line
from launch.figures.parts.labels import label_points
from tvnet_keras.errors import InputError
from tvnet_keras.layers.motion_layer import current_versions
from tvnet_keras.lettering import font_file, written
from tvnet_keras.scoring.result import STALE_MARK, Result, load_results

TABLE = "hidden_two_stream_motion"

INCHES = (5.0, 4.0)
"""Width and height of the figure."""

COLOUR = "#0072B2"


class Layer(NamedTuple):
    """A row of the table: its name, milliseconds per clip, and top-1 accuracy, percent; the last two are the range."""

    name: str
    milliseconds: float
    accuracy: float
    lowest: float
    highest: float


def draw(*, results: str = "docs/results") -> np.ndarray:
    """Draws the figure; the module's docstring has the input.

    Returns:
        uint8 `[H, W, 3]`, RGB.

    Raises:
        InputError: the table has no results there, or one lacks a number.
    """
    canvas = FigureCanvasAgg(plot(read_layers(results)))
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def read_layers(results: str) -> list[Layer]:
    """The rows of the table that have results, in alphabetical order.

    Args:
        results: the folder of all tables' results.

    Raises:
        InputError: the table has no results there, or one lacks a number.
    """
    rows: dict[str, list[Result]] = {}
    for result in load_results(results):
        if result.table == TABLE:
            rows.setdefault(result.row, []).append(result)
    if not rows:
        raise InputError(
            f"--input=results={results} has no results of {TABLE}; write them with launch.reproduce --table={TABLE}."
        )
    return [_layer(row, seeds) for row, seeds in rows.items()]


def _layer(row: str, seeds: Sequence[Result]) -> Layer:
    accuracies = [100 * result.number("top1", share=True) for result in seeds]
    milliseconds = [result.number("ms") for result in seeds]
    if min(milliseconds) <= 0:
        raise InputError(f"{seeds[0].file_name} took no time: ms={min(milliseconds)}; run its row again.")
    current = current_versions()
    mark = STALE_MARK if any(result.is_stale(current) for result in seeds) else ""
    means = float(np.mean(milliseconds)), float(np.mean(accuracies))
    return Layer(row + mark, *means, min(accuracies), max(accuracies))


def plot(layers: Sequence[Layer]) -> Figure:
    """The figure, with every name in its place.

    Args:
        layers: what is drawn.
    """
    figure = Figure(figsize=INCHES, dpi=100, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    points = [(layer.milliseconds, layer.accuracy) for layer in layers]
    _draw_points(axes, layers)
    line = _front(points, axes.get_xlim()[1])
    axes.plot(*zip(*line, strict=True), **FRONT)
    # Names find their places once the axes have theirs.
    canvas.draw()
    figure.set_layout_engine("none")
    file = font_file([layer.name for layer in layers])
    names = [written(layer.name, file) for layer in layers]
    label_points(axes, canvas, points, names, line, font=FontProperties(fname=file, size=8), parse_math=False)
    return figure


def _draw_points(axes: Axes, layers: Sequence[Layer]) -> None:
    for layer in layers:
        axes.plot(layer.milliseconds, layer.accuracy, color=COLOUR, marker="o", linestyle="none", zorder=3)
        if layer.lowest < layer.highest:
            axes.plot([layer.milliseconds] * 2, [layer.lowest, layer.highest], color=COLOUR, linewidth=1, zorder=2)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    axes.margins(0.15)
    # What follows must not move the limits.
    axes.autoscale_view()
    axes.set(xlim=axes.get_xlim(), ylim=axes.get_ylim())
    axes.set(xlabel="ms per clip", ylabel="top-1 accuracy, %")
    axes.grid(alpha=0.3, linewidth=0.5)


def _front(points: Sequence[tuple[float, float]], until: float) -> list[tuple[float, float]]:
    """The corners of the line of the highest accuracy that can be had in a time; accuracy is a cost below zero."""
    costs = front_line([(milliseconds, -accuracy) for milliseconds, accuracy in points], until)
    return [(milliseconds, -cost) for milliseconds, cost in costs]
