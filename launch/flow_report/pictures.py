"""Pictures of flow: flow colours, and sheets of frames, truth and estimates with their errors."""

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

# The measures of a sheet, in pixels.
CELL_WIDTH = 320
CAPTION_HEIGHT = 20
FONT_SIZE = 14


def longest_of(truth: np.ndarray | None, flows: list[np.ndarray]) -> float:
    """The length, in pixels, by which all pictures of a pair are scaled.

    It is that of the longest known vector of the truth. Without a truth it is the 99th percentile of the estimates'
    lengths: an outlier as the longest one would pale every other vector.
    """
    if truth is not None:
        longest = np.linalg.norm(truth[known_vectors(truth)], axis=-1).max(initial=0)
    else:
        longest = max(np.percentile(np.linalg.norm(flow, axis=-1), 99) for flow in flows)
    return float(longest) or 1.0


def colour_code(longest: float) -> np.ndarray:
    """Flow `[H, W, 2]` whose colours are the legend: away from the centre, up to `longest`; zero outside the disc."""
    axis = np.linspace(-longest, longest, CELL_WIDTH // 2, dtype=np.float32)
    flow = np.stack(np.meshgrid(axis, axis), axis=-1)
    return np.where(np.linalg.norm(flow, axis=-1, keepdims=True) > longest, 0, flow)


def write_picture(path: Path, picture: np.ndarray) -> None:
    """Writes uint8 `[H, W, 3]`, RGB, as a PNG file."""
    # Half of Pillow's time at its lowest compression, which would take longer than a quick flow.
    _, encoded = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    with atomic_path(path) as partial:
        partial.write_bytes(encoded.tobytes())


class Sheet:
    """A contact sheet that grows by one row per pair.

    Args:
        titles: titles of the columns: of the frame, of the truth if there is one, of the solvers.
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
            name: the name of the pair, which stands below the frame.
            frame: uint8 `[H, W, 3]`, RGB.
            flows: flow `[H, W, 2]`, in pixels, by the title of its column; a column without flow has an empty cell.
            captions: what stands below a cell, by the title of its column.
            longest: length of the vectors that get a saturated colour, in pixels.
        """
        pictures = {self.titles[0]: frame} | {title: flow_to_colour(flow, longest) for title, flow in flows.items()}
        self.add_pictures(pictures, {self.titles[0]: name} | captions)

    def add_pictures(self, pictures: dict[str, np.ndarray], captions: dict[str, str]) -> None:
        """Adds a row of pictures that are drawn already.

        Args:
            pictures: uint8 `[H, W, 3]`, RGB, by the title of its column, of which the first must be there; a column
                without a picture has an empty cell.
            captions: what stands below a cell, by the title of its column.
        """
        # Cells are as high as the first row needs; others are fitted into them.
        height, width = pictures[self.titles[0]].shape[:2]
        self.height = self.height or round(CELL_WIDTH * height / width)
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
    """What stands below each picture of a pair: its error.

    Args:
        row: the errors of the pair, as `launch.flow_report.comparison.measure_pair` gives them.
    """
    kind = "EPE {epe:.3f}" if "epe_zero" in row else "residual {photometric:.2f}"
    words = {label: kind.format(**numbers) for label, numbers in row["solvers"].items()}
    return words | ({TRUTH: f"zero flow: EPE {row['epe_zero']:.3f}"} if "epe_zero" in row else {})


def headings(metrics: dict) -> dict[str, str]:
    """What stands above each column of a sheet: the mean error over the pairs.

    Args:
        metrics: the numbers of all pairs, as `launch.flow_report.tables.summarise` gives them.
    """
    kind = "{}: EPE {mean_epe:.3f}" if "mean_epe" in metrics else "{}: residual {mean_photometric:.2f}"
    return {label: kind.format(label, **numbers) for label, numbers in metrics["solvers"].items()}
