"""Shows a scene twice, and says where every pixel of the first frame is in the second."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from tvnet_keras.flow.generated.recipe import Recipe, pictures_of, read_texture_source
from tvnet_keras.flow.generated.scene import Layer, Motion, Scene, draw_scene
from tvnet_keras.flow.generated.texture import from_picture, procedural

TEXTURE_SIDES = (64, 512)
"""Smallest and largest height and width of a texture, pixels; it is mirrored where a layer is larger."""

EDGE = 1.0
"""Pixels over which an object fades into what is behind it."""

INVERSION_STEPS = 6
"""Fixed-point steps that find a point of the first frame by its place in the second; the error falls geometrically."""


class RenderedPair(NamedTuple):
    """A generated pair.

    Attributes:
        frames: uint8 `[2, H, W, 3]`, RGB 0..255.
        flow: float32 `[H, W, 2]`, pixels, of the front-most layer at every pixel of the first frame.
        known: bool `[H, W]`, False where a pixel of the first frame shows two layers at once, whose motions differ.
        visible: bool `[H, W]`, False where what a pixel of the first frame shows is hidden or outside in the second.
    """

    frames: np.ndarray
    flow: np.ndarray
    known: np.ndarray
    visible: np.ndarray


def render_pair(recipe: Recipe, number: int) -> RenderedPair:
    """Draws and renders a pair; the same arguments give the same bits.

    Args:
        recipe: how pairs are drawn.
        number: the pair's number, from 0.

    Raises:
        InputError: the recipe's folder has no picture, or a picture cannot be read.

    Example:
        >>> pair = render_pair(Recipe(height=32, width=48, bound=4.0), 0)
        >>> pair.frames.shape, pair.flow.shape, bool(np.abs(pair.flow).max() <= 4)
        ((2, 32, 48, 3), (32, 48, 2), True)
    """
    pictures = pictures_of(recipe)
    return render(draw_scene(recipe, number), (recipe.height, recipe.width), recipe.bound, _painter(pictures))


def render(
    scene: Scene, size: tuple[int, int], bound: float, paint: Callable[[np.random.Generator, int], np.ndarray]
) -> RenderedPair:
    """Renders a scene.

    Args:
        scene: what is shown.
        size: height and width, pixels.
        bound: the longest displacement of a visible pixel, pixels; a layer that is faster is slowed down.
        paint: makes a texture `[N, N, 3]`, 0..255, of a source of draws and the side N.
    """
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    frames = np.zeros((2, *size, 3), np.float32)
    flow, known = np.zeros((*size, 2), np.float32), np.ones(size, bool)
    owner, owner_then = np.zeros(size, int), np.zeros(size, int)
    for number, layer in enumerate(scene.layers):
        texture = paint(np.random.default_rng(layer.texture_seed), _texture_side(layer))
        box = _box(layer, size, EDGE)
        opacity, moved = _opacity(layer, x[box], y[box]), layer.motion.displacement(x[box], y[box])
        factor = _slowing(moved[opacity > 0], bound)
        motion = layer.motion.scaled(factor)
        _cover(frames[0][box], opacity, _show(texture, layer, x[box], y[box]))
        seen = opacity >= 0.5
        flow[box][seen], owner[box][seen] = np.float32(factor) * moved[seen], number
        known[box] = (opacity >= 1) | (known[box] & (opacity <= 0))
        box = _box(layer, size, EDGE + bound)
        was_x, was_y = _places_before(motion, x[box], y[box])
        opacity = _opacity(layer, was_x, was_y)
        _cover(frames[1][box], opacity, _show(texture, layer, was_x, was_y))
        owner_then[box][opacity > 0] = number
    return RenderedPair(_exposed(frames, scene), flow, known, _visible(flow, owner, owner_then))


def _texture_side(layer: Layer) -> int:
    """The power of two that covers a layer."""
    least, most = TEXTURE_SIDES
    across = 2 * layer.reach * np.sqrt(np.linalg.det(layer.texture_map[:, :2]))
    return most if across >= most else max(least, 1 << int(across).bit_length())


def _box(layer: Layer, size: tuple[int, int], margin: float) -> tuple[slice, slice]:
    """Rows and columns outside which a layer shows nothing, a margin in pixels around where it is at first."""
    reach = layer.reach + margin
    if not np.isfinite(reach):
        return slice(0, size[0]), slice(0, size[1])
    (left, top), (right, bottom) = np.floor(layer.place - reach).astype(int), np.ceil(layer.place + reach).astype(int)
    return slice(max(top, 0), max(bottom + 1, 0)), slice(max(left, 0), max(right + 1, 0))


def _cover(frame: np.ndarray, opacity: np.ndarray, colour: np.ndarray) -> None:
    """Paints a part of a frame over, in place."""
    frame += opacity[..., None] * (colour - frame)


def _slowing(moved: np.ndarray, bound: float) -> float:
    """By what displacements `[n, 2]` are multiplied so that none is longer than the bound."""
    longest = np.linalg.norm(moved, axis=-1).max(initial=0.0)
    # A little less, because the product is rounded.
    return float(bound / longest * (1 - 1e-6)) if longest > bound else 1.0


def _opacity(layer: Layer, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How much of what is behind it a layer covers at points of the first frame, 0..1."""
    return np.clip(0.5 + layer.inside(x, y) / EDGE, 0, 1)


def _show(texture: np.ndarray, layer: Layer, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The colours `[H, W, 3]` of a layer at points of the first frame."""
    rows = layer.texture_map.astype(np.float32)
    across, down = (_mirrored(row[0] * x + row[1] * y + row[2], len(texture)) for row in rows)
    return cv2.remap(texture, across, down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)


def _mirrored(place: np.ndarray, side: int) -> np.ndarray:
    """Coordinates within a picture that is mirrored again and again at its borders."""
    period = np.float32(2 * (side - 1))
    folded = np.mod(place, period)
    return np.minimum(folded, period - folded)


def _places_before(motion: Motion, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where points of the second frame were in the first: the affine part is inverted, the waves by iteration."""
    inverse = np.linalg.inv(np.eye(2) + motion.matrix).astype(np.float32)
    dx, dy = x - np.float32(motion.centre[0] + motion.shift[0]), y - np.float32(motion.centre[1] + motion.shift[1])
    before_x, before_y = x, y
    for _ in range(INVERSION_STEPS if len(motion.waves) else 1):
        waves = motion.bending(before_x, before_y)
        across, down = dx - waves[..., 0], dy - waves[..., 1]
        before_x = np.float32(motion.centre[0]) + inverse[0, 0] * across + inverse[0, 1] * down
        before_y = np.float32(motion.centre[1]) + inverse[1, 0] * across + inverse[1, 1] * down
    return before_x, before_y


def _visible(flow: np.ndarray, owner: np.ndarray, owner_then: np.ndarray) -> np.ndarray:
    height, width = owner.shape
    y, x = np.mgrid[:height, :width]
    then_x, then_y = np.rint(x + flow[..., 0]).astype(int), np.rint(y + flow[..., 1]).astype(int)
    inside = (then_x >= 0) & (then_x < width) & (then_y >= 0) & (then_y < height)
    there = owner_then[np.clip(then_y, 0, height - 1), np.clip(then_x, 0, width - 1)]
    return inside & (there <= owner)


def _exposed(frames: np.ndarray, scene: Scene) -> np.ndarray:
    """Frames with brightness, noise and 8 bits."""
    rng = np.random.default_rng(scene.noise_seed)
    exposed = frames * np.array([1.0, scene.gain], np.float32)[:, None, None, None]
    exposed += np.float32(scene.noise) * rng.standard_normal(frames.shape, np.float32)
    return np.rint(np.clip(exposed, 0, 255)).astype(np.uint8)


def _painter(pictures: Sequence[Path]) -> Callable[[np.random.Generator, int], np.ndarray]:
    def paint(rng: np.random.Generator, side: int) -> np.ndarray:
        if not pictures:
            return procedural(rng, side)
        return from_picture(rng, _picture(pictures[int(rng.integers(len(pictures)))]), side)

    return paint


@lru_cache(maxsize=64)
def _picture(path: Path) -> np.ndarray:
    return read_texture_source(path)
