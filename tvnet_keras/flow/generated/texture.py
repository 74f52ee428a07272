"""Textures of generated pairs: procedural ones, or the user's own pictures."""

import cv2
import numpy as np

SMOOTHING = 0.8
"""Standard deviation in pixels of the blur of every texture: what has no finest detail can be moved by half a pixel."""

CONTRAST = (15.0, 60.0)
"""Range of the standard deviation of a texture, grey levels."""

COARSEST = 8
"""Side of the coarsest octave of noise, pixels."""

FLAT_SHARE = 0.15
"""How many layers have little texture, as walls and skies do."""


def procedural(rng: np.random.Generator, side: int) -> np.ndarray:
    """A texture of noise whose contrast falls with a random power of the frequency, with stripes or checks at times.

    Args:
        rng: source of every draw.
        side: height and width, pixels, a power of two.

    Returns:
        float32 `[side, side, 3]`, 0..255.
    """
    falloff = rng.uniform(0.3, 0.9)
    picture = _noise(rng, falloff, side, 1) + np.float32(rng.uniform(0.1, 0.8)) * _noise(rng, falloff, side, 3)
    if rng.random() < 0.3:
        picture += np.float32(rng.uniform(0.5, 2.0)) * _pattern(rng, side)[..., None]
    contrast = rng.uniform(*CONTRAST) * (0.15 if rng.random() < FLAT_SHARE else 1.0)
    picture *= np.float32(contrast / picture.std())
    return _finished(picture + rng.uniform(60, 195, 3).astype(np.float32))


def from_picture(rng: np.random.Generator, picture: np.ndarray, side: int) -> np.ndarray:
    """A random square of a picture, mirrored at random and scaled to a size.

    Args:
        rng: source of every draw.
        picture: uint8 `[H, W, 3]`.
        side: height and width of the texture, pixels.

    Returns:
        float32 `[side, side, 3]`, 0..255.
    """
    height, width = picture.shape[:2]
    window = max(1, int(min(height, width) * rng.uniform(0.5, 1.0)))
    top, left = rng.integers(height - window + 1), rng.integers(width - window + 1)
    square = picture[top : top + window, left : left + window]
    if rng.random() < 0.5:
        square = square[:, ::-1]
    shrinks = window >= side
    scaled = cv2.resize(
        np.ascontiguousarray(square), (side, side), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    )
    return _finished(scaled.astype(np.float32))


def _noise(rng: np.random.Generator, falloff: float, side: int, channels: int) -> np.ndarray:
    """White noise of every octave, each finer one `falloff` times as strong; float32 `[side, side, channels]`."""
    octave, strength = side, 1.0
    while octave > COARSEST:
        octave, strength = octave // 2, strength / falloff
    total = strength * rng.standard_normal((octave, octave, channels), np.float32)
    while octave < side:
        octave, strength = octave * 2, strength * falloff
        total = cv2.resize(total, (octave, octave), interpolation=cv2.INTER_CUBIC).reshape(octave, octave, channels)
        total += np.float32(strength) * rng.standard_normal(total.shape, np.float32)
    return total / total.std()


def _pattern(rng: np.random.Generator, side: int) -> np.ndarray:
    """Stripes, or the checks of two sets of them."""
    y, x = np.mgrid[:side, :side].astype(np.float32)
    pattern = np.ones((side, side), np.float32)
    for _ in range(rng.integers(1, 3)):
        angle, period = rng.uniform(0, np.pi), rng.uniform(6, 40)
        wave = np.sin(2 * np.pi * (np.cos(angle) * x + np.sin(angle) * y) / period + rng.uniform(0, 2 * np.pi))
        pattern *= np.tanh(3 * wave)
    return pattern


def _finished(picture: np.ndarray) -> np.ndarray:
    blurred = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), SMOOTHING, borderType=cv2.BORDER_REFLECT)
    return np.clip(blurred, 0, 255)
