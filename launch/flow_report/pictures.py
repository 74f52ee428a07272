"""Pictures that launch.flow writes: flow colours, and one sheet of frames, truth and estimates with their errors."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

from tvnet_keras.atomic import atomic_path
from tvnet_keras.flow.colour import flow_to_colour
from tvnet_keras.flow.io import known_vectors
from tvnet_keras.flow.picture import contact_sheet, lettering

FRAME, TRUTH = "frame", "truth"
"""Titles of the columns that show no solver."""

CELL_WIDTH = 320
CAPTION_HEIGHT = 20
FONT_SIZE = 14


def longest_of(truth: np.ndarray | None, flows: list[np.ndarray]) -> float:
    """The length that all pictures of a pair are scaled by, in pixels.

    The longest known vector of the truth; without one the longest of the estimates, but for their outliers, which
    would pale every other vector.
    """
    if truth is not None:
        longest = np.linalg.norm(truth[known_vectors(truth)], axis=-1).max(initial=0)
    else:
        longest = max(np.percentile(np.linalg.norm(flow, axis=-1), 99) for flow in flows)
    return float(longest) or 1.0


def colour_code(longest: float) -> np.ndarray:
    """Flow `[H, W, 2]` whose colours are the legend: away from the centre, up to `longest`; none outside the disc."""
    axis = np.linspace(-longest, longest, CELL_WIDTH // 2, dtype=np.float32)
    flow = np.stack(np.meshgrid(axis, axis), axis=-1)
    return np.where(np.linalg.norm(flow, axis=-1, keepdims=True) > longest, 0, flow)


def write_picture(path: Path, picture: np.ndarray) -> None:
    """Writes uint8 `[H, W, 3]`, RGB, as a PNG file."""
    with atomic_path(path) as partial:
        # Stronger compression takes longer than the flow.
        Image.fromarray(picture).save(partial, compress_level=1)


class Sheet:
    """A contact sheet that grows by one row per pair.

    Args:
        titles: of the columns: the frame, the truth if there is one, the solvers.
    """

    def __init__(self, titles: list[str]) -> None:
        self.titles = titles
        self.rows: list[list[np.ndarray]] = []
        self.height = 0

    def add(
        self, name: str, frame: np.ndarray, flows: dict[str, np.ndarray], captions: dict[str, str], longest: float
    ) -> None:
        """Adds a pair.

        Args:
            name: of the pair.
            frame: uint8 `[H, W, 3]`, RGB.
            flows: under their titles, `[H, W, 2]`, pixels; a title without a flow leaves its cell empty.
            captions: under their titles.
            longest: length of a saturated colour, pixels.
        """
        # Cells are as high as the first pair needs; others are fitted into them.
        self.height = self.height or round(CELL_WIDTH * frame.shape[0] / frame.shape[1])
        pictures = {self.titles[0]: frame} | {title: flow_to_colour(flow, longest) for title, flow in flows.items()}
        captions = {self.titles[0]: name} | captions
        self.rows.append([self._cell(pictures.get(title), captions.get(title, "")) for title in self.titles])

    def picture(self, headings: dict[str, str]) -> np.ndarray:
        """The sheet, uint8 `[H, W, 3]`; `headings` replace the titles that they are given for."""
        return contact_sheet(self.rows, [headings.get(title, title) for title in self.titles])

    def _cell(self, picture: np.ndarray | None, caption: str) -> np.ndarray:
        cell = np.full((self.height + CAPTION_HEIGHT, CELL_WIDTH, 3), 255, np.uint8)
        if picture is not None:
            scale = min(self.height / picture.shape[0], CELL_WIDTH / picture.shape[1])
            size = [max(1, round(scale * side)) for side in picture.shape[1::-1]]
            shrunk = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST)
            top, left = (self.height - size[1]) // 2, (CELL_WIDTH - size[0]) // 2
            cell[top : top + size[1], left : left + size[0]] = shrunk
        image = Image.fromarray(cell)
        place = (CELL_WIDTH / 2, self.height + CAPTION_HEIGHT / 2)
        text, font = lettering(caption, FONT_SIZE)
        ImageDraw.Draw(image).text(place, text, "black", font=font, anchor="mm")
        return np.asarray(image)


def captions(row: dict) -> dict[str, str]:
    """What stands under each picture of a pair."""
    kind = "EPE {epe:.3f}" if "epe_zero" in row else "residual {photometric:.2f}"
    words = {label: kind.format(**numbers) for label, numbers in row["solvers"].items()}
    return words | ({TRUTH: f"zero flow: EPE {row['epe_zero']:.3f}"} if "epe_zero" in row else {})


def headings(metrics: dict) -> dict[str, str]:
    """What stands above each column of the sheet: means over the pairs."""
    kind = "{}: EPE {mean_epe:.3f}" if "mean_epe" in metrics else "{}: residual {mean_photometric:.2f}"
    return {label: kind.format(label, **numbers) for label, numbers in metrics["solvers"].items()}
