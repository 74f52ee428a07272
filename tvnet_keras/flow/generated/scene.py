"""Draws what a generated pair shows: layers with an outline, a texture and a motion."""

import dataclasses

import cv2
import numpy as np

from tvnet_keras.flow.generated.recipe import Recipe

OUTLINE_WAVES = 5
"""Frequencies of an object's outline."""

BENDS = 2
"""Waves by which a layer bends, in each direction."""


@dataclasses.dataclass(frozen=True)
class Motion:
    """Where a point of the first frame is in the second: an affine map and waves.

    Attributes:
        centre: the point `[2]` (x, y) that the affine map turns about, pixels.
        shift: the displacement `[2]` of the centre, pixels.
        matrix: what the affine map adds to an offset from the centre, `[2, 2]`; zero is a translation.
        waves: `[n, 5]`: wave vector (2, radians a pixel), phase (radians), amplitude (2, pixels).
    """

    centre: np.ndarray
    shift: np.ndarray
    matrix: np.ndarray
    waves: np.ndarray

    def displacement(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The displacement `[..., 2]` of points of the first frame, pixels."""
        return self.affine_displacement(x, y) + self.bending(x, y)

    def affine_displacement(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The displacement `[..., 2]` without waves, pixels."""
        dx, dy = x - np.float32(self.centre[0]), y - np.float32(self.centre[1])
        shift, matrix = self.shift.astype(np.float32), self.matrix.astype(np.float32)
        return np.stack([shift[row] + matrix[row, 0] * dx + matrix[row, 1] * dy for row in (0, 1)], axis=-1)

    def bending(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The displacement `[..., 2]` by the waves alone, pixels."""
        moved = np.zeros((*np.shape(x), 2), np.float32)
        for across, down, phase, u, v in self.waves.astype(np.float32):
            moved += np.sin(across * x + down * y + phase)[..., None] * np.array([u, v])
        return moved

    def scaled(self, factor: float) -> "Motion":
        """The motion whose displacements are `factor` times as long."""
        waves = self.waves * (1, 1, 1, factor, factor)
        return Motion(self.centre, factor * self.shift, factor * self.matrix, waves)

    def carried_by(self, carrier: "Motion") -> "Motion":
        """The sum of this motion and of the affine part of another one."""
        at_centre = carrier.shift + carrier.matrix @ (self.centre - carrier.centre)
        return Motion(self.centre, self.shift + at_centre, self.matrix + carrier.matrix, self.waves)


@dataclasses.dataclass(frozen=True)
class Layer:
    """One surface; the background has no outline.

    Attributes:
        motion: its motion.
        texture_seed: seed of its texture.
        texture_map: from the first frame to the texture, `[2, 3]`, pixels.
        outline: `[1 + n, 2]`: the mean radius and 0, then the amplitude (a share of the radius) and phase of each wave;
            None covers the frame.
        place: centre of the outline, `[2]` (x, y), pixels.
    """

    motion: Motion
    texture_seed: int
    texture_map: np.ndarray
    outline: np.ndarray | None
    place: np.ndarray

    def inside(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """How far points of the first frame lie within the outline, about, in pixels; negative outside."""
        if self.outline is None:
            return np.full(np.shape(x), np.inf, np.float32)
        dx, dy = x - np.float32(self.place[0]), y - np.float32(self.place[1])
        distance, angle = cv2.cartToPolar(dx, dy)
        edge = np.ones_like(distance)
        for wave, (amplitude, phase) in enumerate(self.outline[1:], 1):
            edge += np.float32(amplitude) * np.cos(np.float32(wave) * angle + np.float32(phase))
        return np.float32(self.outline[0, 0]) * edge - distance

    @property
    def reach(self) -> float:
        """No point of an object is farther from its place, pixels."""
        return np.inf if self.outline is None else self.outline[0, 0] * (1 + np.abs(self.outline[1:, 0]).sum())


@dataclasses.dataclass(frozen=True)
class Scene:
    """A pair before it is rendered.

    Attributes:
        layers: the background, then objects, later ones in front.
        gain: by which the second frame's brightness is multiplied.
        noise: standard deviation of the noise of either frame, grey levels.
        noise_seed: seed of the noise.
    """

    layers: tuple[Layer, ...]
    gain: float
    noise: float
    noise_seed: int


def draw_scene(recipe: Recipe, number: int) -> Scene:
    """Draws the scene of a pair.

    Args:
        recipe: how pairs are drawn.
        number: the pair's number, from 0.
    """
    rng = np.random.default_rng([recipe.seed, number])
    background = _draw_layer(rng, recipe, None, None)
    objects = []
    for _ in range(rng.integers(recipe.objects + 1)):
        radius = min(recipe.height, recipe.width) * np.exp(rng.uniform(np.log(0.04), np.log(0.35)))
        objects.append(_draw_layer(rng, recipe, radius, background.motion))
    drift = recipe.drift
    return Scene(
        (background, *objects),
        gain=1 + rng.uniform(-drift, drift),
        noise=rng.uniform(0, recipe.noise),
        noise_seed=int(rng.integers(2**32)),
    )


def _draw_layer(rng: np.random.Generator, recipe: Recipe, radius: float | None, carrier: Motion | None) -> Layer:
    """A layer that moves by itself and with its carrier, the background; the background itself has no radius."""
    size = np.array([recipe.width, recipe.height], float)
    place = size / 2 if radius is None else rng.uniform(0, size)
    outline = None if radius is None else _draw_outline(rng, radius)
    own = _draw_motion(rng, recipe, place, float(np.linalg.norm(size)) / 2 if radius is None else radius)
    # A texture is enlarged, never shrunk, which would alias.
    angle, zoom = rng.uniform(0, 2 * np.pi), np.exp(rng.uniform(-0.7, 0))
    turn = zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    texture_map = np.concatenate([turn, rng.uniform(0, 1000, (2, 1))], axis=1)
    motion = own if carrier is None else own.carried_by(carrier)
    return Layer(motion, int(rng.integers(2**32)), texture_map, outline, place)


def _draw_outline(rng: np.random.Generator, radius: float) -> np.ndarray:
    waves = [(rng.normal() * 0.35 / k, rng.uniform(0, 2 * np.pi)) for k in range(1, OUTLINE_WAVES + 1)]
    # Together less than the radius, so that the outline never crosses itself.
    total = sum(abs(amplitude) for amplitude, _ in waves)
    shrink = min(1.0, 0.7 / total)
    return np.array([(radius, 0.0), *((shrink * amplitude, phase) for amplitude, phase in waves)])


def _draw_motion(rng: np.random.Generator, recipe: Recipe, place: np.ndarray, reach: float) -> Motion:
    """A motion of its own: most are slow and a few fast, as in real video; `reach` is how far the layer extends."""
    length, direction = recipe.bound * rng.random() ** 2.5, rng.uniform(0, 2 * np.pi)
    shift = length * np.array([np.cos(direction), np.sin(direction)])
    # Turning, zooming and shearing move the rim of the layer by a share of the bound.
    rim = recipe.bound * rng.random() ** 3 / reach
    angle, zoom = rng.normal(0, 0.5), rng.normal(0, 0.5)
    shear = rng.normal(0, 0.15, (2, 2))
    matrix = rim * (np.array([[zoom, -angle], [angle, zoom]]) + shear)
    waves = []
    for _ in range(BENDS if recipe.bend else 0):
        # The longer the waves, the farther they may bend a layer without folding it.
        period, towards = rng.uniform(40, 160) * max(1.0, recipe.bend), rng.uniform(0, 2 * np.pi)
        vector = 2 * np.pi / period * np.array([np.cos(towards), np.sin(towards)])
        amplitude = recipe.bend * rng.uniform(-0.5, 0.5, 2)
        waves.append((*vector, rng.uniform(0, 2 * np.pi), *amplitude))
    return Motion(place, shift, matrix, np.array(waves).reshape(-1, 5))
