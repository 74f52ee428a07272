"""Renders a clip of Moving Shapes together with its exact flow.

The frame is a torus: whatever leaves on the right comes back on the left. So a uniformly drawn position stays uniform
at every frame, however the object travels, and the place of an object never tells its motion.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

STAR_POINTS, STAR_INNER = 5, 0.55
RING_HOLE = 0.45
EDGE_SOFTNESS = 1.5  # pixels over which an object fades into what is behind it


@dataclass(frozen=True)
class Layer:
    """One textured object: positions and lengths in pixels, angles in radians, all at the anchor time of the clip."""

    shape: str
    texture: np.ndarray  # float32 [N, N, 3], 0..255, periodic
    centre: tuple[float, float]  # x, y
    radius: float
    angle: float


@dataclass(frozen=True)
class Scene:
    """A look: objects (later ones in front) over a periodic background that drifts (pixels per frame)."""

    background: np.ndarray  # float32 [N, N, 3], 0..255, periodic
    drift: tuple[float, float]
    layers: tuple[Layer, ...]


@dataclass(frozen=True)
class Motion:
    """What every object does from one frame to the next.

    Args:
        velocity: pixels per frame, x to the right and y down.
        rotation: radians per frame about the object's own centre, positive is clockwise as seen on screen.
        zoom: logarithm of the growth per frame about the object's own centre.
        changes: what is added to the velocity in every step, one `(x, y)` per step; empty for a steady motion.
    """

    velocity: tuple[float, float] = (0.0, 0.0)
    rotation: float = 0.0
    zoom: float = 0.0
    changes: tuple[tuple[float, float], ...] = ()


def _disc(r: np.ndarray, phi: np.ndarray) -> np.ndarray:
    return 1.0 - r


def _ring(r: np.ndarray, phi: np.ndarray) -> np.ndarray:
    return np.minimum(1.0 - r, r - RING_HOLE)


def _polygon(sides: int) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    half = float(np.pi / sides)

    def inside(r: np.ndarray, phi: np.ndarray) -> np.ndarray:
        return float(np.cos(half)) / np.cos(np.mod(phi, 2 * half) - half) - r

    return inside


def _star(r: np.ndarray, phi: np.ndarray) -> np.ndarray:
    half = float(np.pi / STAR_POINTS)
    from_tip = half - np.abs(np.mod(phi, 2 * half) - half)
    notch = STAR_INNER * float(np.sin(half))
    return notch / (STAR_INNER * np.sin(half - from_tip) + np.sin(from_tip)) - r


# Each shape: how far inside its edge a polar point is (circumradius 1, negative outside), and its area.
_INSIDE: dict[str, tuple[Callable[[np.ndarray, np.ndarray], np.ndarray], float]] = {
    "Disc": (_disc, np.pi),
    "Ring": (_ring, np.pi * (1 - RING_HOLE**2)),
    "Square": (_polygon(4), 2.0),
    "Triangle": (_polygon(3), 1.5 * np.sin(2 * np.pi / 3)),
    "Star": (_star, STAR_POINTS * np.sin(np.pi / STAR_POINTS) * STAR_INNER),
}
SHAPES = tuple(_INSIDE)


def radius_for_area(shape: str, area: float) -> float:
    """The circumradius, in pixels, at which a shape has an area, in square pixels."""
    return float(np.sqrt(area / _INSIDE[shape][1]))


def render(scene: Scene, motion: Motion, frames: int, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Renders a clip and its exact flow.

    The scene's positions, sizes and angles hold at the anchor time (frames - 1) / 2, so the middle frame shows the
    same picture whatever the motion is (for an even number of frames: half a step away from it on either side). What
    `motion.changes` add to the way is nothing at frame `frames // 2`.

    Args:
        scene: the look of the clip.
        motion: what every object does; its `changes` are T - 1 or none.
        frames: number of frames T.
        size: (H, W) in pixels.

    Returns:
        Frames uint8 `[T, H, W, 3]` (RGB, 0..255) and flow float32 `[T-1, H, W, 2]`: the displacement to the next
        frame, in pixels, of the front-most layer seen at each pixel (u + right, v + down).
    """
    height, width = size
    time = (np.arange(frames, dtype=np.float32) - (frames - 1) / 2)[:, None, None]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    x, y = x[None], y[None]
    # Single precision throughout: a double scalar of NumPy's would turn every array into doubles.
    drift, velocity = np.array(scene.drift, np.float32), np.array(motion.velocity, np.float32)
    video = _sample(scene.background, x - drift[0] * time, y - drift[1] * time)
    flow = np.empty((frames - 1, height, width, 2), np.float32)
    flow[:] = drift
    step, changes = _step_matrix(motion), _changes(motion, frames)
    detour = _detour(changes)
    for layer in scene.layers:
        dx = _on_torus(x - np.float32(layer.centre[0]) - velocity[0] * time - detour[..., 0], width)
        dy = _on_torus(y - np.float32(layer.centre[1]) - velocity[1] * time - detour[..., 1], height)
        alpha, colour = _draw(layer, motion, time, dx, dy)
        video += alpha[..., None] * (colour - video)
        seen = alpha[:-1] > 0.5
        away = np.stack([dx[:-1][seen], dy[:-1][seen]], axis=-1)
        flow[seen] = away @ step.T + velocity + changes[np.nonzero(seen)[0]]
    return np.rint(np.clip(video, 0, 255)).astype(np.uint8), flow


def _changes(motion: Motion, frames: int) -> np.ndarray:
    """What is added to the velocity in every step, float32 `[T-1, 2]`."""
    return np.array(motion.changes or np.zeros((frames - 1, 2)), np.float32).reshape(frames - 1, 2)


def _detour(changes: np.ndarray) -> np.ndarray:
    """The way that changes of velocity add up to at every frame, float32 `[T, 1, 1, 2]`; none at frame T // 2."""
    way = np.concatenate([np.zeros((1, 2), np.float32), np.cumsum(changes, axis=0, dtype=np.float32)])
    return (way - way[len(way) // 2])[:, None, None]


def _on_torus(distance: np.ndarray, period: int) -> np.ndarray:
    """The distance to the nearest copy of a point that repeats with `period`."""
    half = np.float32(period / 2)
    return np.mod(distance + half, np.float32(period)) - half


def _step_matrix(motion: Motion) -> np.ndarray:
    """The matrix that turns an offset from an object's centre into its displacement to the next frame."""
    cos, sin = np.cos(motion.rotation), np.sin(motion.rotation)
    return (np.exp(motion.zoom) * np.array([[cos, -sin], [sin, cos]]) - np.eye(2)).astype(np.float32)


def _draw(
    layer: Layer, motion: Motion, time: np.ndarray, dx: np.ndarray, dy: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Opacity `[T, H, W]` (0..1) and colour `[T, H, W, 3]` (0..255) of one object at every pixel."""
    angle = np.float32(layer.angle) + np.float32(motion.rotation) * time
    radius = np.float32(layer.radius)
    scale = radius * np.exp(np.float32(motion.zoom) * time)
    cos, sin = np.cos(angle) / scale, np.sin(angle) / scale
    across, along = cos * dx + sin * dy, cos * dy - sin * dx
    r, phi = cv2.cartToPolar(across.reshape(len(time), -1), along.reshape(len(time), -1))
    inside = _INSIDE[layer.shape][0](r.reshape(dx.shape), phi.reshape(dx.shape))
    alpha = np.clip(0.5 + inside * scale / EDGE_SOFTNESS, 0, 1)
    return alpha, _sample(layer.texture, across * radius, along * radius)


def _sample(texture: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Reads a periodic texture at pixel coordinates `[T, H, W]`; cubic, as linear sampling blurs by sub-pixel phase."""
    rows = x.shape[0] * x.shape[1]
    at_x, at_y = x.reshape(rows, -1), y.reshape(rows, -1)
    sampled = cv2.remap(texture, at_x, at_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_WRAP)
    return sampled.reshape(*x.shape, 3)
