"""Videos with the names of their classes written on them, frame by frame: a long one takes no more memory."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from tvnet_keras.flow.picture import SMALLEST_FONT, fitting, write_video
from tvnet_keras.video.read import iterate_frames, probe

LINES_OF_A_FRAME = 18
"""Number of lines of text that would fill the height of a frame."""

SHADE = 0.45
"""What stays of the frame's brightness behind the text."""

USUAL_RATE = 25.0
"""Frames per second of a video whose file declares none."""


def count_frames(rates: dict[str, float], path: str) -> int:
    """Counts the frames of a video, and adds its frames per second to `rates`, in one pass over the file.

    Args:
        rates: the rates of videos by their path.
        path: the path of the video.

    Raises:
        VideoError: the video cannot be read.
    """
    info = probe(path)
    rates[path] = info.fps
    return info.frames


def write_label_video(path: str, target: Path, lines: Sequence[str], fps: float) -> None:
    """Writes a video with some lines of text at the top of every frame.

    Args:
        path: the path of the video.
        target: the file to write; its ending chooses the format.
        lines: the lines, such as `Surfing 93.1 %`, the first one at the top.
        fps: frames per second, 0 for the usual rate.
    """
    write_video(target, _labelled(path, lines), fps or USUAL_RATE)


def _labelled(path: str, lines: Sequence[str]) -> Iterator[np.ndarray]:
    ink = None
    for frame in iterate_frames(path):
        if ink is None:
            ink = text_mask(lines, frame.shape[0], frame.shape[1])
        yield with_text(frame, ink)


def text_mask(lines: Sequence[str], height: int, width: int) -> np.ndarray:
    """How much of the text's white every pixel at the top of a frame has.

    Args:
        lines: the lines of text; those for which the frame has no room are left out.
        height: of the frame, in pixels.
        width: of the frame, in pixels.

    Returns:
        float32 `[h, width, 1]`, 0..1, with h at most `height`.
    """
    size = max(SMALLEST_FONT, height // LINES_OF_A_FRAME)
    step, margin = size * 5 // 4, size // 2
    shown = list(lines)[: max(1, (height - 2 * margin) // step)]
    mask = Image.new("L", (width, min(height, len(shown) * step + 2 * margin)))
    draw = ImageDraw.Draw(mask)
    for number, line in enumerate(shown):
        text, font = fitting(line, max(1, width - 2 * margin), size)
        draw.text((margin, margin + number * step + step / 2), text, 255, font=font, anchor="lm")
    return np.asarray(mask, np.float32)[..., None] / 255


def with_text(frame: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A frame with white text on a darkened ground at its top.

    Args:
        frame: uint8 `[H, W, 3]`.
        mask: made by `text_mask` for this size.

    Returns:
        uint8 `[H, W, 3]`.
    """
    written = frame.copy()
    top = written[: len(mask)]
    top[:] = np.rint(SHADE * (1 - mask) * top + 255 * mask)
    return written
