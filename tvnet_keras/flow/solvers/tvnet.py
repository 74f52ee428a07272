"""TVNet, untrained or with trained weights."""

import os
from typing import Any

import h5py
import keras
import numpy as np

from tvnet_keras import presets
from tvnet_keras.errors import InputError
from tvnet_keras.flow.solvers.parts.solver import Solver
from tvnet_keras.layers.stored_by_name import OPTION
from tvnet_keras.layers.tvnet import IF_LEARNED, LEARNABLE, STORED_OPTIONS, TVNet

FORMS = ("tvnet-S-W-I",)


def make(
    numbers: tuple[int, ...], *, variant: str | None = None, weights: str | os.PathLike[str] | None = None
) -> Solver:
    """TVNet-S-W-I: S scales, W warps, I iterations.

    Args:
        numbers: S, W and I.
        variant: the variant of the layer, "default" or "official"; None takes that of the preset, or "default".
        weights: a `.weights.h5` file of any Keras model that holds one TVNet-S-W-I; the name of a preset, or "preset"
            for the one of these numbers; None for an untrained solver.

    Raises:
        InputError: the variant is unknown or not the preset's, or the weights cannot be read or hold no such TVNet.
    """
    preset = None if weights is None else presets.name_of(weights, numbers)
    if preset is None:
        layer = _layer(numbers, "default" if variant is None else variant, weights)
    else:
        layer = TVNet.from_preset(preset)
        if variant not in (None, layer.variant):
            raise InputError(
                f"variant of the preset {preset} is {layer.variant!r}; leave it out. Received: variant={variant!r}"
            )
    clip = keras.Input((2, None, None, 3), dtype="uint8")
    # A model's own prediction loop is compiled, three times faster than calling the layer, and keeps the native mode.
    model = keras.Model(clip, layer(clip))
    return lambda frames: model.predict_on_batch(frames[None])[0, 0]


def _layer(numbers: tuple[int, ...], variant: str, weights: str | os.PathLike[str] | None) -> TVNet:
    """TVNet-S-W-I, untrained or with the weights of a file."""
    trained = None if weights is None else _trained(weights, numbers)
    # Without weights the initial flow is zero, on whatever grid.
    u0_size = (1, 1) if trained is None else trained["u0"].shape[:2]
    learn = () if trained is None else tuple(set(IF_LEARNED) & set(trained))
    options = {} if trained is None else _options(trained)
    layer = TVNet(*numbers, variant=variant, u0_size=u0_size, learn=learn, **options)
    if trained is not None:
        layer.build((None, 2, None, None, 3))
        layer.load_own_variables(trained)
    return layer


def _options(trained: dict[str, np.ndarray]) -> dict[str, Any]:
    """The options of the layer that its stored weights tell."""
    stored = {name: float(trained[OPTION + name]) for name in STORED_OPTIONS if OPTION + name in trained}
    return {"constants_per": "scale" if trained["tau"].ndim else "network", **stored}


def _trained(path: str | os.PathLike[str], numbers: tuple[int, ...]) -> dict[str, np.ndarray]:
    """The weights of the one TVNet-S-W-I in a weight file, and its options there, by name.

    Models name their layers as they like, so the layer is recognised by the names and shapes of its weights.
    """
    found: list[dict[str, np.ndarray]] = []
    always, known = set(LEARNABLE) - set(IF_LEARNED), (*LEARNABLE, *(OPTION + name for name in STORED_OPTIONS))

    def collect(_: str, node: h5py.Group | h5py.Dataset) -> None:
        if not isinstance(node, h5py.Group) or not always <= set(node) <= set(known):
            return
        kernels = node["kernels"]
        if isinstance(kernels, h5py.Dataset) and kernels.shape == (*numbers, 8, 2):
            found.append({name: np.asarray(node[name]) for name in known if name in node})

    try:
        with h5py.File(path) as file:
            file.visititems(collect)
    except OSError as error:
        known = f", or one of the presets {', '.join(presets.names())}" if presets.names() else ""
        raise InputError(f"The weights in {path} cannot be read; give a .weights.h5 file of Keras{known}.") from error
    name = "tvnet-" + "-".join(map(str, numbers))
    if len(found) != 1:
        raise InputError(f"The weights in {path} hold {len(found)} networks of the form {name}, not one.")
    return found[0]
