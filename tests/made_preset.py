"""A preset of random kernels, in a folder that is the package's for a test."""

from pathlib import Path

import numpy as np

from tvnet_keras import TVNet, presets

NAME = "tvnet-2-1-4-random"
NUMBERS = (2, 1, 4)
CARD = {"note": "random kernels"}


def random_layer(**arguments) -> TVNet:
    """A TVNet-2-1-4 that no seed of a training gives: all weights but u0 are moved."""
    layer = TVNet(*NUMBERS, **{"u0_size": (1, 1), "learn": ("kernels", "tau"), **arguments})
    layer.build((None, 2, None, None, 3))
    rng = np.random.default_rng(0)
    for weight in layer.weights:
        if weight is not layer.u0:
            weight.assign(weight + 0.05 * rng.uniform(size=weight.shape).astype("float32"))
    return layer


def make_preset(folder: Path, monkeypatch, name: str = NAME, layer: TVNet | None = None) -> TVNet:
    """Writes a preset to a folder, which becomes that of all presets, and returns the layer that it was made from."""
    folder.mkdir(exist_ok=True)
    monkeypatch.setattr("tvnet_keras.presets.preset.FOLDER", folder)
    layer = random_layer() if layer is None else layer
    presets.save(layer.to_preset(name, CARD))
    return layer
