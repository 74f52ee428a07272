"""What one evaluation gains over another, class by class."""

import csv
import dataclasses
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from tvnet_keras.atomic import atomic_path
from tvnet_keras.errors import InputError
from tvnet_keras.lettering import font_file, written
from tvnet_keras.scoring.report import per_class_table
from tvnet_keras.scoring.scores import Scores


class ClassGain(NamedTuple):
    """One class: its name, its number of videos, and the share (0..1) answered rightly before and after."""

    class_name: str
    videos: int
    before: float
    after: float

    @property
    def gain(self) -> float:
        """The difference of the shares, -1..1."""
        return self.after - self.before


def class_gains(before: Scores, after: Scores) -> tuple[ClassGain, ...]:
    """The gain of every class that has videos, the largest first.

    Args:
        before: an evaluation, such as of one stream.
        after: an evaluation of the same videos, such as of the fusion.

    Raises:
        InputError: the evaluations are of different classes, videos or labels, or no label is known.

    Example:
        >>> header = dict.fromkeys(("kind", "experiment", "commit", "weights_sha256"), "")
        >>> header |= {"split": 1, "clips": 1, "crops": 1, "seed": 0}
        >>> one = Scores(("a", "b"), np.array([0, 1]), ("run", "walk"), np.array([[1.0, 0], [1, 0]]), header)
        >>> two = Scores(("a", "b"), np.array([0, 1]), ("run", "walk"), np.array([[1.0, 0], [0, 1]]), header)
        >>> [(row.class_name, row.gain) for row in class_gains(one, two)]
        [('walk', 1.0), ('run', 0.0)]
    """
    if before.class_names != after.class_names or set(before.video_id) != set(after.video_id):
        raise InputError("Gains need two evaluations of the same videos and classes; restrict them to what is common.")
    rows = zip(*map(per_class_table, _with_joined_labels(before, after)), strict=True)
    gains = [ClassGain(old.class_name, old.videos, old.accuracy, new.accuracy) for old, new in rows]
    return tuple(sorted(gains, key=lambda row: (-row.gain, row.class_name)))


def _with_joined_labels(before: Scores, after: Scores) -> tuple[Scores, Scores]:
    """The evaluations, in which a label that one of them knows is known."""
    row = {name: index for index, name in enumerate(after.video_id)}
    rows = np.array([row[name] for name in before.video_id])
    known = (before.label >= 0) & (after.label[rows] >= 0)
    other = np.flatnonzero(known & (before.label != after.label[rows]))
    if other.size:
        raise InputError(f"{before.video_id[other[0]]} has two labels in the two evaluations; evaluate the same list.")
    label = np.maximum(before.label, after.label[rows])
    joined = np.empty_like(label)
    joined[rows] = label
    return dataclasses.replace(before, label=label), dataclasses.replace(after, label=joined)


def save_gains(path: str | os.PathLike[str], gains: tuple[ClassGain, ...]) -> None:
    """Writes the gains as a table of comma-separated values, whole or not at all.

    Args:
        path: the file to write.
        gains: what `class_gains` returned.

    Example:
        >>> save_gains("gains.csv", (ClassGain("walk", 2, 0.5, 1.0),))
        >>> print(Path("gains.csv").read_text().splitlines()[1])
        walk,2,0.5000,1.0000,0.5000
    """
    with atomic_path(Path(path)) as partial, open(partial, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(("class", "videos", "before", "after", "gain"))
        for row in gains:
            table.writerow(
                (row.class_name, row.videos, *(f"{value:.4f}" for value in (row.before, row.after, row.gain)))
            )


def gains_picture(gains: tuple[ClassGain, ...], title: str = "") -> np.ndarray:
    """Draws the gains as a sorted bar chart; it grows with the number of classes.

    Args:
        gains: what `class_gains` returned.
        title: what stands above the bars.

    Returns:
        uint8 `[H, W, 3]`, RGB.

    Example:
        >>> gains_picture((ClassGain("walk", 2, 0.5, 1.0),)).dtype
        dtype('uint8')
    """
    figure = Figure(figsize=(7, 1.5 + 0.18 * len(gains)), dpi=120, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    values = [100 * row.gain for row in gains]
    axes.barh(range(len(gains)), values, color=["tab:green" if value >= 0 else "tab:red" for value in values])
    names = [row.class_name for row in gains]
    file = font_file([*names, title])
    text = {"font": FontProperties(fname=file, size=7), "parse_math": False}
    axes.set_yticks(range(len(gains)), [written(name, file) for name in names], **text)
    axes.invert_yaxis()
    axes.margins(y=0.01)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_xlabel("gain of top-1 in percentage points")
    if title:
        axes.set_title(written(title, file), font=FontProperties(fname=file, size=9), parse_math=False)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
