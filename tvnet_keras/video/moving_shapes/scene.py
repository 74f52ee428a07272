"""Draws the looks and the motions of Moving Shapes at random.

Why one frame cannot tell the motion
-----------------------------------
A *group* is one scene and one set of rates, rendered under all twelve motions and anchored at the middle of the clip.

1. The middle frame of a group is the same picture under all twelve motions: whatever a classifier learnt, on that frame
   it is right for exactly one clip in twelve. (With an even number of frames the two middle ones are half a step,
   under a pixel, from it.)
2. At any other frame: positions are uniform on a torus and travel over it, all objects of a scene at one velocity, so
   position and layout keep their distribution; angles are uniform on the circle and rotation keeps them uniform; the
   background and its drift are drawn without looking at the class; every texture is sampled at arbitrary sub-pixel
   places and angles in every class, so blur carries nothing either.
3. Size is the only thing a zoom must change, by +-20 % at the ends of a clip. Zoom in and zoom out are mirror images in
   time, hence equal at a random frame; to hide both among the other ten, the size of a whole scene is drawn from a
   wider log-normal (sigma 0.2). Knowing that size exactly would then be worth about half a point of accuracy
   above 1/12 at a random frame.
4. Frames are coded each by itself at one quantiser, so the codec's residuals tell nothing of the neighbours.
"""

import colorsys

import numpy as np

from tvnet_keras.video.moving_shapes.render import SHAPES, Layer, Motion, Scene, radius_for_area

_DIAGONAL = float(np.sqrt(0.5))
# Units per class: direction of travel (x right, y down), sense of rotation (clockwise +), sense of zoom (in +).
_MOTIONS: dict[str, tuple[tuple[float, float], int, int]] = {
    "MoveRight": ((1, 0), 0, 0),
    "MoveLeft": ((-1, 0), 0, 0),
    "MoveUp": ((0, -1), 0, 0),
    "MoveDown": ((0, 1), 0, 0),
    "MoveUpRight": ((_DIAGONAL, -_DIAGONAL), 0, 0),
    "MoveUpLeft": ((-_DIAGONAL, -_DIAGONAL), 0, 0),
    "MoveDownRight": ((_DIAGONAL, _DIAGONAL), 0, 0),
    "MoveDownLeft": ((-_DIAGONAL, _DIAGONAL), 0, 0),
    "RotateClockwise": ((0, 0), 1, 0),
    "RotateCounterclockwise": ((0, 0), -1, 0),
    "ZoomIn": ((0, 0), 0, 1),
    "ZoomOut": ((0, 0), 0, -1),
}
CLASS_NAMES = tuple(_MOTIONS)

_HUES = {"Red": 0, "Yellow": 60, "Green": 120, "Cyan": 180, "Blue": 240, "Magenta": 300}  # degrees
# Far enough apart for a small network and forty groups, which mistakes a star for a disc.
_LOOK_SHAPES = ("Disc", "Ring")
_LOOKS = {colour + shape: (shape, hue) for colour, hue in _HUES.items() for shape in _LOOK_SHAPES}
LOOK_NAMES = tuple(_LOOKS)

REFERENCE_SIDE = 64  # the frame side, in pixels, for which the lengths and speeds below are given
SPEED = (1.0, 1.8)  # pixels per frame
ROTATION = (3.0, 5.0)  # degrees per frame
ZOOM = (0.03, 0.05)  # growth per frame
DRIFT = (0.1, 0.4)  # pixels per frame
WAVELENGTH = (6.0, 14.0)  # pixels
COVERAGE, SIZE_SIGMA = 0.55, 0.2  # objects' median share of the frame; deviation of the log of a scene's size
LARGEST_RADIUS = 0.36  # median, of the shorter side: beyond half of it an object meets its own copy on the torus


def draw_motion(name: str, rng: np.random.Generator, size: tuple[int, int]) -> Motion:
    """Draws the rates of a scene and returns the motion that a class makes of them.

    The same number of draws is taken for every class: from equal generators all classes get equal rates.
    """
    speed = rng.uniform(*SPEED) * min(size) / REFERENCE_SIDE
    rotation, zoom = np.radians(rng.uniform(*ROTATION)), np.log1p(rng.uniform(*ZOOM))
    direction, turn, growth = _MOTIONS[name]
    return Motion((direction[0] * speed, direction[1] * speed), turn * rotation, growth * zoom)


def draw_scene(rng: np.random.Generator, size: tuple[int, int], look: str | None = None) -> Scene:
    """Draws a scene for frames of `size` (H, W); with a `look`, its objects have that shape and that range of hues."""
    unit = min(size) / REFERENCE_SIDE
    drift, heading = unit * rng.uniform(*DRIFT), rng.uniform(0, 2 * np.pi)
    background = _texture(rng, size, hue=rng.uniform(0, 360), saturation=rng.uniform(0.0, 0.3))
    return Scene(background, (drift * np.cos(heading), drift * np.sin(heading)), _draw_layers(rng, size, look))


def _draw_layers(rng: np.random.Generator, size: tuple[int, int], look: str | None) -> tuple[Layer, ...]:
    count = int(rng.integers(2, 4))
    shapes = [str(shape) for shape in rng.choice(SHAPES, count)]
    hues = rng.uniform(0, 360, count)
    if look is not None:
        shape, family = _LOOKS[look]
        shapes, hues = [shape] * count, family + rng.uniform(-12, 12, count)
    area = COVERAGE * size[0] * size[1] / count
    # One factor for the whole scene, as a zoom has: independent sizes would average out and let a zoom stand out.
    growth = np.exp(np.clip(rng.normal(0, SIZE_SIGMA), -2 * SIZE_SIGMA, 2 * SIZE_SIGMA))
    shares = rng.uniform(0.85, 1.15, count)
    radii = [
        min(radius_for_area(shape, area), LARGEST_RADIUS * min(size)) * share * growth
        for shape, share in zip(shapes, shares, strict=True)
    ]
    centres = _spread(rng, size, np.array(radii))
    angles = rng.uniform(0, 2 * np.pi, count)
    return tuple(
        Layer(shape, _texture(rng, size, hue, saturation=0.9), (x, y), radius, angle)
        for shape, hue, (x, y), radius, angle in zip(shapes, hues, centres, radii, angles, strict=True)
    )


def _spread(rng: np.random.Generator, size: tuple[int, int], radii: np.ndarray, tries: int = 24) -> np.ndarray:
    """The layout `[N, 2]` (x, y) that overlaps least, of some uniform ones; its place on the torus stays uniform."""
    extent = np.array([size[1], size[0]], float)
    layouts = rng.uniform(0, 1, (tries, len(radii), 2)) * extent
    apart = layouts[:, :, None] - layouts[:, None]
    apart -= extent * np.round(apart / extent)
    gap = np.linalg.norm(apart, axis=-1) - radii[:, None] - radii
    gap += np.where(np.eye(len(radii), dtype=bool), np.inf, 0)
    return layouts[np.argmax(np.min(gap, axis=(1, 2)))]


def _texture(rng: np.random.Generator, size: tuple[int, int], hue: float, saturation: float) -> np.ndarray:
    """Smooth periodic colour noise, float32 `[N, N, 3]` in 0..255: dark to bright around one hue (degrees)."""
    wavelength = rng.uniform(*WAVELENGTH) * min(size) / REFERENCE_SIDE
    light, tint = _noise(rng, max(size), wavelength), _noise(rng, max(size), wavelength)
    mix = (1 / (1 + np.exp(-2.0 * light)))[..., None]
    dark = np.array(colorsys.hsv_to_rgb((hue / 360) % 1, saturation, 0.25))
    bright = np.array(colorsys.hsv_to_rgb((hue / 360) % 1, 0.7 * saturation, 1.0))
    towards = np.array(colorsys.hsv_to_rgb((hue / 360 + 0.25) % 1, 1.0, 1.0)) - 0.5
    colour = dark + mix * (bright - dark) + 0.06 * tint[..., None] * towards
    return (255 * np.clip(colour, 0, 1)).astype(np.float32)


def _noise(rng: np.random.Generator, side: int, wavelength: float) -> np.ndarray:
    """Isotropic periodic noise `[side, side]`, mean 0, deviation 1, whose spectrum peaks at `wavelength` pixels."""
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None]) * wavelength
    band = np.exp(-(((frequency - 1) / 0.3) ** 2))
    noise = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((side, side))) * band, s=(side, side))
    return (noise - noise.mean()) / noise.std()
