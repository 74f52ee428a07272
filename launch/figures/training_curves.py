"""Numbers along trainings, as curves: one panel for every number, in it one curve for every run that has it.

--input=runs=FOLDER,FOLDER    the folders of the runs
--input=numbers=NAME,NAME     the numbers, as TensorBoard calls them (default: every one of the validation)
--input=scale=linear|log      of the numbers (default linear)

A number that was not finite is left out of its curve.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from launch.run.logged import logged_numbers
from tvnet_keras.choices import check_choice
from tvnet_keras.errors import InputError
from tvnet_keras.lettering import font_file, written

VALIDATION = "validation/"
"""What the names of the numbers begin with that are drawn if none are asked for."""

PANEL = (4.5, 3.2)
"""Width and height of a panel, in inches."""

SCALES = ("linear", "log")

Curves = Mapping[str, Mapping[str, Mapping[int, float]]]
"""By number and run: values by step."""


def draw(*, runs: str, numbers: str = "", scale: str = SCALES[0]) -> np.ndarray:
    """Draws the figure; the module's docstring has the inputs.

    Returns:
        uint8 `[H, W, 3]`, RGB.

    Raises:
        InputError: a folder has no logged numbers, or no run has a number that is asked for.
    """
    check_choice("--input=scale", scale, SCALES)
    folders = [name for name in runs.split(",") if name]
    canvas = FigureCanvasAgg(plot(read_curves(folders, [name for name in numbers.split(",") if name]), scale))
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def read_curves(folders: Sequence[str], numbers: Sequence[str] = ()) -> Curves:
    """The curves of some runs.

    Args:
        folders: the runs' folders.
        numbers: names of the numbers; none takes every one of the validation.

    Raises:
        InputError: a folder has no logged numbers, or no run has a number that is asked for.
    """
    logged = {folder: logged_numbers(Path(folder)) for folder in folders}
    for folder, found in logged.items():
        if not found:
            raise InputError(f"--input=runs={folder} has no logged numbers; name the folder of a run of launch.train.")
    names = sorted({name for found in logged.values() for name in found})
    asked = list(numbers) or [name for name in names if name.startswith(VALIDATION)]
    for name in asked:
        if name not in names:
            raise InputError(f"--input=numbers={name} is in none of the runs. They have: {', '.join(names)}")
    if not asked:
        raise InputError(
            f"--input=runs={','.join(folders)} were not validated; give --input=numbers, some of {', '.join(names)}."
        )
    labels = dict(zip(folders, _labels(folders), strict=True))
    return {name: {labels[folder]: found[name] for folder, found in logged.items() if name in found} for name in asked}


def plot(curves: Curves, scale: str = SCALES[0]) -> Figure:
    """The figure, its panels side by side.

    Args:
        curves: what is drawn.
        scale: of the numbers.
    """
    figure = Figure(figsize=(PANEL[0] * len(curves), PANEL[1]), dpi=100, layout="constrained")
    panels = figure.subplots(1, len(curves), squeeze=False)[0]
    file = font_file([label for runs in curves.values() for label in runs])
    for axes, (name, runs) in zip(panels, curves.items(), strict=True):
        for label, points in runs.items():
            _draw_curve(axes, points, written(label, file))
        axes.set(xlabel="steps", title=name.removeprefix(VALIDATION).removeprefix("validation_"), yscale=scale)
        axes.grid(alpha=0.3, linewidth=0.5)
        axes.legend(prop=FontProperties(fname=file, size=8))
    return figure


def _draw_curve(axes: Axes, points: Mapping[int, float], label: str) -> None:
    finite = {step: value for step, value in points.items() if math.isfinite(value)}
    # A single validation is a point, which a line alone would not show.
    axes.plot(list(finite), list(finite.values()), marker="o", markersize=3, linewidth=1.2, label=label)


def _labels(folders: Sequence[str]) -> list[str]:
    """The shortest ends of the folders' paths that tell them apart."""
    parts = [Path(folder).parts for folder in folders]
    for length in range(1, max((len(part) for part in parts), default=1) + 1):
        ends = ["/".join(part[-length:]) for part in parts]
        if len(set(ends)) == len(set(folders)):
            break
    return ends
