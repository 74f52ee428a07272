"""The Middlebury colour code of optical flow: hue is the direction, saturation the length.

Baker et al., "A Database and Evaluation Methodology for Optical Flow", IJCV 2011. The formulae are those of the
authors' `colorcode.cpp`.

Vectors up to the length of saturated colours are looked up in a table of a thousand steps each way, in a twentieth of
the time of the formulae; the others are computed. A level of a looked-up colour is at most one beside the formula's.
"""

import functools

import cv2
import numpy as np

from tvnet_keras.errors import InputError
from tvnet_keras.flow.io import known_vectors

# Steps between neighbouring corners of the wheel, chosen by the authors for even perceived spacing.
_SEGMENTS = (
    (15, (255, 0, 0), (255, 255, 0)),  # red to yellow
    (6, (255, 255, 0), (0, 255, 0)),  # yellow to green
    (4, (0, 255, 0), (0, 255, 255)),  # green to cyan
    (11, (0, 255, 255), (0, 0, 255)),  # cyan to blue
    (13, (0, 0, 255), (255, 0, 255)),  # blue to magenta
    (6, (255, 0, 255), (255, 0, 0)),  # magenta to red
)


def _wheel_colours() -> np.ndarray:
    """The 55 hues of the wheel, `[55, 3]`, 0..1."""
    parts = []
    for steps, start, end in _SEGMENTS:
        change = np.array(end) - np.array(start)
        # The authors cut what is added or taken away.
        parts.append(start + np.sign(change) * (np.arange(steps)[:, None] * np.abs(change) // steps))
    return (np.concatenate(parts) / 255).astype(np.float32)


_WHEEL = _wheel_colours()

# With so many cells to a saturated length no colour is off by a level: half the diagonal of a cell, times the steepest
# slope there is. Hue changes by 255 levels in 4 / 54 of a turn, which is 548 levels to the length, saturation by 255.
_CELLS = 512
_ROW = 2 * _CELLS + 2
_BLOCK = 2**16  # number of vectors that are painted at a time, so that all on the way fits into a cache


def flow_to_colour(flow: np.ndarray, max_flow: float | None = None) -> np.ndarray:
    """Paints flow in the Middlebury colours.

    Args:
        flow: `[..., H, W, 2]`, pixels; u + right, v + down.
        max_flow: length, in pixels, of a vector with a fully saturated colour; longer ones are darkened. None takes the
            longest known vector of the whole array, so that all pictures of one call can be compared.

    Returns:
        uint8 `[..., H, W, 3]`, RGB: zero flow is white, unknown vectors (NaN or beyond 1e9) are black.

    Raises:
        InputError: the last axis is not 2, or `max_flow` is not positive.

    Example:
        >>> flow_to_colour(np.array([[[0.0, 0.0], [2.0, 0.0]]]))[0].tolist()  # none, and to the right
        [[255, 255, 255], [255, 0, 0]]
    """
    flow = np.asarray(flow, np.float32)
    if flow.ndim < 3 or flow.shape[-1] != 2:
        raise InputError(f"Flow to paint must be [..., H, W, 2]. Received: shape={flow.shape}.")
    if max_flow is not None and not max_flow > 0:
        raise InputError(f"max_flow must be a positive length in pixels. Received: max_flow={max_flow}.")
    if max_flow is None:
        max_flow = float(_lengths(flow).max(initial=0)) or 1.0
    vectors = flow.reshape(-1, 1, 2)
    painted = np.empty((len(vectors), 1, 3), np.uint8)
    for begin in range(0, len(vectors), _BLOCK):
        block = slice(begin, begin + _BLOCK)
        _look_up(vectors[block], np.float32(max_flow), painted[block])
    return painted.reshape(*flow.shape[:-1], 3)


def _lengths(flow: np.ndarray) -> np.ndarray:
    """The lengths of vectors, 0 where they are not known."""
    return np.hypot(*np.moveaxis(np.where(known_vectors(flow)[..., None], flow, 0), -1, 0))


def _look_up(vectors: np.ndarray, max_flow: np.float32, painted: np.ndarray) -> None:
    """Paints `vectors` `[N, 1, 2]` into `painted`, uint8 `[N, 1, 3]`."""
    u, v = cv2.split(vectors / max_flow)
    square = u * u
    square += v * v
    # Just below 1, because rounding must not decide on which side of the rim a vector lies; NaN is outside.
    outside = np.flatnonzero(~(square[:, 0] < 1 - 1e-5))
    for component in (u, v):
        component *= _CELLS
        np.floor(component, out=component)
        component[outside] = 0
    # Cells begin at zero: the wheel has a seam between vectors a little above and below those to the right.
    cells = v.astype(np.int32)
    cells *= _ROW
    cells += u.astype(np.int32)
    cells += _CELLS * (_ROW + 1)
    colours = np.take(_table(), cells, mode="clip").view(np.uint8)
    cv2.cvtColor(colours.reshape(-1, 1, 4), cv2.COLOR_RGBA2RGB, dst=painted)
    if len(outside):
        painted[outside] = _painted(vectors[outside], max_flow)


@functools.cache
def _table() -> np.ndarray:
    """The colours at the centres of all cells, row by row, as the bytes R, G, B and 0 of a number."""
    axis = ((np.arange(_ROW) - _CELLS + 0.5) / _CELLS).astype(np.float32)
    flow = np.stack(np.meshgrid(axis, axis), axis=-1)
    length = np.hypot(flow[..., 0], flow[..., 1])[..., None]
    table = np.zeros((_ROW, _ROW, 4), np.uint8)
    # The centres of cells on the rim may lie outside it.
    table[..., :3] = np.floor(255 * np.clip(1 - length * (1 - _hues(flow)), 0, 1))
    # No motion is white; beside it a colour is at most a level darker.
    table[_CELLS, _CELLS, :3] = 255
    return table.view(np.uint32)[..., 0].ravel()


def _painted(flow: np.ndarray, max_flow: np.float32) -> np.ndarray:
    """The colours of flow `[..., 2]` by the formulae."""
    known = known_vectors(flow)
    # A component of minus zero is none: on the wheel's seam its sign would choose between two colours.
    flow = np.where(known[..., None], flow, 0) + np.float32(0)
    length = (np.hypot(flow[..., 0], flow[..., 1]) / max_flow)[..., None]
    hues = _hues(flow)
    painted = np.floor(255 * np.where(length <= 1, 1 - length * (1 - hues), 0.75 * hues)).astype(np.uint8)
    painted[~known] = 0
    return painted


def _hues(flow: np.ndarray) -> np.ndarray:
    """The saturated colours of the directions, float32 `[..., 3]`, 0..1."""
    angle = np.arctan2(-flow[..., 1], -flow[..., 0]) / np.float32(np.pi)
    place = (angle + 1) / 2 * (len(_WHEEL) - 1)
    below = np.floor(place).astype(int)
    above = (below + 1) % len(_WHEEL)
    share = (place - below)[..., None]
    return (1 - share) * _WHEEL[below] + share * _WHEEL[above]


def colour_wheel(size: int) -> np.ndarray:
    """Draws the legend: the colour at each place is that of the vector from the centre to it.

    Args:
        size: side of the picture, in pixels; the rim of the disc is fully saturated, the corners are black.

    Returns:
        uint8 `[size, size, 3]`, RGB.

    Example:
        >>> colour_wheel(9).shape
        (9, 9, 3)
    """
    axis = np.linspace(-1, 1, size, dtype=np.float32)
    flow = np.stack(np.meshgrid(axis, axis), axis=-1)
    flow[np.hypot(flow[..., 0], flow[..., 1]) > 1] = np.nan
    return flow_to_colour(flow, max_flow=1.0)
