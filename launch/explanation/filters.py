"""Pictures of the first filters of a network."""

import math

import numpy as np
from PIL import Image, ImageDraw

from launch.explanation.first_convolution import COLOURS, FLOW, FRAMES
from tvnet_keras.flow.picture import GAP, fitting

TILE = 42
"""Least side of a shown kernel, in pixels; kernels are enlarged by whole numbers."""

CAPTION = 20
"""Height of the line above the filters, in pixels."""

FONT = 13
"""Size of its letters, in pixels."""

CLIP_KERNEL_RANK = 5
"""Axes of the kernels of a network of clips, `[t, h, w, C, O]`."""

GREY = 0.5


def filters_picture(kernel: np.ndarray, seen: str, caption: str = "") -> np.ndarray:
    """Draws every filter of a convolution.

    Each filter is scaled by its largest weight, so that this one is black or white and weights of 0 are grey; its
    parts can be compared with one another. They stand side by side: what it sees of one frame after the other in
    colours, or, of flow, u above v of one field after the other. Channels of another kind are grey pictures side by
    side.

    Args:
        kernel: `[h, w, C, O]`, or `[t, h, w, C, O]` of a network of clips.
        seen: what C are: one of `FRAMES`, `FLOW` and `CHANNELS` of `launch.explanation.first_convolution`.
        caption: a line above the filters.

    Returns:
        uint8 `[H, W, 3]`, RGB.
    """
    filters = _tiles(_normalised(kernel), seen)
    scale = max(1, math.ceil(TILE / max(filters.shape[3:5])))
    blocks = [_side_by_side(parts, scale) for parts in filters]
    height, width = blocks[0].shape[:2]
    columns = min(len(blocks), max(1, round(math.sqrt(len(blocks) * (height + GAP) / (width + GAP)))))
    rows = math.ceil(len(blocks) / columns)
    top = CAPTION * bool(caption)
    sheet = Image.new("RGB", (GAP + columns * (width + GAP), top + GAP + rows * (height + GAP)), "white")
    if caption:
        text, font = fitting(caption, sheet.width - 2 * GAP, FONT)
        ImageDraw.Draw(sheet).text((GAP, top / 2 + GAP / 2), text, "black", font=font, anchor="lm")
    for number, block in enumerate(blocks):
        row, column = divmod(number, columns)
        sheet.paste(Image.fromarray(block), (GAP + column * (width + GAP), top + GAP + row * (height + GAP)))
    return np.asarray(sheet)


def _normalised(kernel: np.ndarray) -> np.ndarray:
    """float64 `[O, t, h, w, C]`, 0..1: a weight of 0 becomes 0.5, the largest of each filter 0 or 1."""
    kernel = np.moveaxis(np.asarray(kernel, np.float64), -1, 0)
    if kernel.ndim < CLIP_KERNEL_RANK:
        kernel = kernel[:, None]
    largest = np.abs(kernel).max(axis=(1, 2, 3, 4), keepdims=True)
    return GREY + GREY * kernel / np.where(largest > 0, largest, 1)


def _tiles(kernels: np.ndarray, seen: str) -> np.ndarray:
    """`[O, t, h, w, C] -> [O, rows, columns, h, w, 3]`: the parts of every filter."""
    filters, time, height, width, channels = kernels.shape
    rows, colours = {FRAMES: (1, COLOURS), FLOW: (2, 1)}.get(seen, (1, 1))
    parts = channels // (rows * colours)
    tiles = kernels.reshape(filters, time, height, width, parts, rows, colours)
    tiles = tiles.transpose(0, 5, 1, 4, 2, 3, 6).reshape(filters, rows, time * parts, height, width, colours)
    return np.broadcast_to(tiles, (*tiles.shape[:-1], 3))


def _side_by_side(tiles: np.ndarray, scale: int) -> np.ndarray:
    """`[rows, columns, h, w, 3]`, 0..1, as one picture, uint8, with a white line between two tiles."""
    tiles = np.rint(255 * tiles).astype(np.uint8).repeat(scale, axis=2).repeat(scale, axis=3)
    tiles = np.pad(tiles, ((0, 0), (0, 0), (0, 1), (0, 1), (0, 0)), constant_values=255)
    rows, columns, height, width, _ = tiles.shape
    return np.ascontiguousarray(tiles.transpose(0, 2, 1, 3, 4).reshape(rows * height, columns * width, 3)[:-1, :-1])
