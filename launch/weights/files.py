"""Reading `.weights.h5` files by the names of the layers in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from launch.weights.checksum import require_whole
from models.encoders import inception_v3
from tvnet_keras.errors import InputError

CONTAINER_GROUPS = ("layers", "layer")
"""The groups in which Keras stores the layers of a model, and the layer of a wrapper such as PerStep."""

NAMED_BY_KERAS = re.compile(r"(conv2d|batch_normalization)(_\d+)?")
"""Names of layers to which earlier versions of the program gave none of their own."""


@dataclass(frozen=True)
class _StoredLayer:
    around: tuple[str, ...]
    name: str
    wrapper: str
    weights: dict[str, np.ndarray]


def read_weights(path: Path) -> dict[str, np.ndarray]:
    """The weights in a file, by the names of `launch.weights.by_name`.

    The groups of a file are numbered by position, but each carries its layer's name. Weights are numbered too,
    `conv1_conv/0`, except those of layers that store theirs by name, `tvnet/u0`.

    Args:
        path: a file that `keras.Model.save_weights` wrote, today or before the layers had names of their own.

    Raises:
        InputError: no such file, one of another format, a damaged one, or two layers of one name in it.
    """
    try:
        require_whole(path)
        with h5py.File(path) as file:
            layers = list(_stored_layers(file))
    except InputError:
        raise
    except Exception as error:  # Which one a damaged file makes h5py throw depends on the byte.
        reason = (str(error).splitlines() or [type(error).__name__])[0].strip("\"'")
        raise InputError(f"{path} cannot be read as weights: {reason}.") from None
    values: dict[str, np.ndarray] = {}
    for layer in _named_today(layers):
        for key, value in layer.weights.items():
            name = "/".join((*layer.around, layer.name, key))
            if name in values:
                raise InputError(f"{path} holds two weights called {name}; they cannot be told apart.")
            values[name] = value
    return values


def _stored_layers(group: h5py.Group, around: tuple[str, ...] = (), wrapper: str = "") -> Iterator[_StoredLayer]:
    """The layers with weights in and under a group; lists of layers are groups without `vars`."""
    inside, own, name = around, group.get("vars"), ""
    # Keras puts nothing else than a group there.
    if isinstance(own, h5py.Group):
        name = str(own.attrs["name"])
        if len(own):
            yield _StoredLayer(around, name, wrapper, {key: np.asarray(weight) for key, weight in own.items()})
        if group.name != "/" and not any(key in group for key in CONTAINER_GROUPS):
            inside = (*around, name)
    for key, child in group.items():
        if key != "vars":
            yield from _stored_layers(child, inside, name if key == "layer" else "")


def _named_today(layers: list[_StoredLayer]) -> list[_StoredLayer]:
    """The layers under the names that they have now; Keras numbered some of them in earlier versions."""
    counted = [layer.name for layer in layers if NAMED_BY_KERAS.fullmatch(layer.name)]
    today = inception_v3.own_names(counted)
    return [
        # The convolutions of FlowOfFlow have now the names that their wrappers had.
        _StoredLayer(layer.around, layer.wrapper or today.get(layer.name, layer.name), "", layer.weights)
        if layer.name in counted
        else layer
        for layer in layers
    ]
