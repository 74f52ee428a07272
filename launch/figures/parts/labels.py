"""Names beside the points of a plot, none over another name, a point or a line, and none outside."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Annotation

DISTANCES = (6, 9, 14, 20, 28, 38, 50, 65)
"""Distances between a point and the edge of its name that are tried, in typographic points."""

LED_FROM = 14
"""The least distance from which a line leads from the name to its point, in typographic points."""

DIRECTIONS = sorted((math.tau * k / 16 for k in range(16)), key=lambda angle: (abs(math.sin(2 * angle)), angle))
"""Angles that are tried: to the right, above, to the left and below first."""

MARKER = 6
"""Half the side of the square around a point that no name may touch, in typographic points."""

LINE = 1
"""Half the width of the strip along a line that no name may touch, in typographic points."""

ROOM = 2
"""How much wider and higher than a name its place is, in typographic points."""


def label_points(
    axes: Axes,
    canvas: FigureCanvasAgg,
    points: Sequence[tuple[float, float]],
    names: Sequence[str],
    line: Sequence[tuple[float, float]] = (),
    **text: Any,
) -> list[Annotation]:
    """Writes the name of every point beside it, each at the nearest place that is free.

    Args:
        axes: where the points are drawn; neither its limits nor its place may change afterwards.
        canvas: the canvas of the figure, already drawn once.
        points: the points, in the data's units.
        names: their names.
        line: the corners of a line that is drawn too, each step of it parallel to an axis, in the data's units.
        **text: how the names are written, for `Axes.annotate`.

    Returns:
        The written names, in the same order. Where every place is taken, a name overlaps as little as possible.
    """
    # Typographic points are 1/72 inch.
    pixels = axes.figure.dpi / 72
    centres = axes.transData.transform(points)
    corners = axes.transData.transform(line) if len(line) else np.empty((0, 2))
    taken = np.concatenate(
        [
            np.hstack([centres, centres]) + np.multiply((-1, -1, 1, 1), MARKER * pixels),
            np.hstack([np.minimum(corners[:-1], corners[1:]), np.maximum(corners[:-1], corners[1:])])
            + np.multiply((-1, -1, 1, 1), LINE * pixels),
        ]
    )
    distances = np.repeat(DISTANCES, len(DIRECTIONS))
    written = []
    for point, centre, name in zip(points, centres, names, strict=True):
        boxes = _places(centre, _size(axes, canvas, name, text), pixels)
        best = int(np.argmin(_overlaps(boxes, taken, np.array(axes.bbox.extents))))
        taken = np.vstack([taken, boxes[best]])
        x, y = ((boxes[best, :2] + boxes[best, 2:]) / 2 - centre) / pixels
        leader = {"arrowstyle": "-", "linewidth": 0.5, "color": "grey", "shrinkA": 0, "shrinkB": MARKER}
        led = {"arrowprops": leader} if distances[best] >= LED_FROM else {}
        centred = {"horizontalalignment": "center", "verticalalignment": "center"}
        written.append(axes.annotate(name, point, (x, y), textcoords="offset points", **centred, **led, **text))
    return written


def _size(axes: Axes, canvas: FigureCanvasAgg, name: str, text: dict[str, Any]) -> np.ndarray:
    """Width and height of a written name with some room around it, in pixels."""
    tried = axes.annotate(name, (0, 0), xycoords="axes fraction", **text)
    box = tried.get_window_extent(canvas.get_renderer())
    tried.remove()
    return np.array(box.size) + ROOM * axes.figure.dpi / 72


def _places(centre: np.ndarray, size: np.ndarray, pixels: float) -> np.ndarray:
    """Boxes for a name, the nearest first, as left, bottom, right and top in pixels, `[places, 4]`."""
    directions = np.stack([np.cos(DIRECTIONS), np.sin(DIRECTIONS)], axis=-1)
    reach = np.array(DISTANCES)[:, None, None] * pixels + size / 2
    middles = (centre + directions * reach).reshape(-1, 2)
    return np.hstack([middles - size / 2, middles + size / 2])


def _overlaps(boxes: np.ndarray, taken: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """How many square pixels of every box are not free: within other boxes, or outside, `[boxes]`."""
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=-1)
    return _shared(boxes, taken).sum(axis=1) + area - _shared(boxes, inside[None])[:, 0]


def _shared(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Square pixels that boxes share with others, `[boxes, others]`."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    return np.prod(np.maximum(high - low, 0), axis=-1)
