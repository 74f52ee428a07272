"""Pictures of importance maps: heat on a frame, with its scale."""

from collections.abc import Mapping

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from tvnet_keras.lettering import font_file, written

HEAT = LinearSegmentedColormap.from_list(
    "heat", [(0, (0, 0.2, 1, 0.85)), (0.5, (0.4, 0.9, 0.4, 0)), (0.75, (1, 0.9, 0, 0.6)), (1, (1, 0, 0, 0.85))]
)
"""Blue where occlusion helps the class, clear where it changes nothing, yellow and red where it hurts."""

FAINTEST = 0.01
"""Largest importance of a map at least; what changes less is not shown in strong colours."""

PANEL_INCHES = 3.0


def importance_picture(
    frame: np.ndarray, importance: np.ndarray, title: str, beside: Mapping[str, np.ndarray] | None = None
) -> np.ndarray:
    """Draws a frame, its importance map on it, and further pictures beside them.

    Letters of the title that no installed font has stand as `\\u8d70`.

    Args:
        frame: uint8 `[H, W, 3]`, RGB.
        importance: `[H, W]`, as `tvnet_keras.scoring.occlusion` gives it.
        title: what stands above all, such as the class and its probability.
        beside: further pictures, uint8 `[h, w, 3]`, by their titles.

    Returns:
        uint8 `[h, w, 3]`, RGB.
    """
    panels = {"frame": frame, "importance": frame.mean(axis=-1), **(beside or {})}
    height, width = frame.shape[:2]
    inches = (len(panels) * PANEL_INCHES + 1.2, PANEL_INCHES * height / width + 0.8)
    figure = Figure(figsize=inches, dpi=120, layout="constrained")
    # The Agg canvas directly: pyplot would keep every figure alive and choose a backend for the whole process.
    canvas = FigureCanvasAgg(figure)
    axes = dict(zip(panels, np.atleast_1d(figure.subplots(1, len(panels))), strict=True))
    for name, panel in panels.items():
        axes[name].imshow(panel, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axes[name].set_title(name, fontsize=9)
        axes[name].set_axis_off()
    limit = max(FAINTEST, float(np.abs(importance).max()))
    heat = axes["importance"].imshow(importance, cmap=HEAT, vmin=-limit, vmax=limit, interpolation="nearest")
    figure.colorbar(heat, ax=axes["importance"], label="part of the confidence lost", fraction=0.05)
    file = font_file([title])
    # A dollar in a name begins no formula.
    figure.suptitle(written(title, file), font=FontProperties(fname=file, size=11), parse_math=False)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
