"""The Middlebury colour code of optical flow: hue is the direction, saturation the length.

Baker et al., "A Database and Evaluation Methodology for Optical Flow", IJCV 2011. The formulae are those of the
authors' `colorcode.cpp`.
"""

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
        share = np.arange(steps)[:, None] / steps
        parts.append(np.floor((1 - share) * np.array(start) + share * np.array(end)))
    return (np.concatenate(parts) / 255).astype(np.float32)


_WHEEL = _wheel_colours()


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
    known = known_vectors(flow)
    flow = np.where(known[..., None], flow, 0)
    length = np.hypot(flow[..., 0], flow[..., 1])
    if max_flow is None:
        max_flow = float(length.max(initial=0)) or 1.0
    painted = _paint(flow, length / np.float32(max_flow))
    painted[~known] = 0
    return painted


def _paint(flow: np.ndarray, relative_length: np.ndarray) -> np.ndarray:
    angle = np.arctan2(-flow[..., 1], -flow[..., 0]) / np.float32(np.pi)
    place = (angle + 1) / 2 * (len(_WHEEL) - 1)
    below = np.floor(place).astype(int)
    above = (below + 1) % len(_WHEEL)
    share = (place - below)[..., None]
    colour = (1 - share) * _WHEEL[below] + share * _WHEEL[above]
    length = relative_length[..., None]
    colour = np.where(length <= 1, 1 - length * (1 - colour), 0.75 * colour)
    return np.floor(255 * colour).astype(np.uint8)


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
