"""Smooth textures that can be moved by any fraction of a pixel exactly: sums of a few waves, evaluated where asked."""

import numpy as np

WAVES = 12


def texture(height: int, width: int, shift: tuple[float, float] = (0.0, 0.0), seed: int = 0) -> np.ndarray:
    """`[H, W]` float64 in 0..255; moved right by `shift[0]` and down by `shift[1]` pixels. Wavelengths 9 to 22 px."""
    random = np.random.default_rng(seed)
    angle, phase = random.uniform(0, 2 * np.pi, (2, WAVES))
    frequency = 2 * np.pi / random.uniform(9, 22, WAVES)
    y, x = np.mgrid[:height, :width].astype(float)
    x, y = x[..., None] - shift[0], y[..., None] - shift[1]
    waves = np.cos(frequency * (np.cos(angle) * x + np.sin(angle) * y) + phase)
    return np.clip(127.5 + 127.5 * waves.sum(-1) / (0.6 * WAVES), 0, 255)


def moving_clip(
    frames: int, height: int, width: int, velocity: tuple[float, float] = (0.0, 0.0), seed: int = 0
) -> np.ndarray:
    """`[1, T, H, W, 3]` float32 in 0..1: three textures, one per channel, moving together by `velocity` per frame."""
    clip = [
        [texture(height, width, (t * velocity[0], t * velocity[1]), 3 * seed + channel) for channel in range(3)]
        for t in range(frames)
    ]
    return np.moveaxis(np.array(clip), 1, -1)[None].astype("float32") / 255.0
