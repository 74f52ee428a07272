"""Renamed weights into a model."""

import re

import keras
import numpy as np

from models.resnets._inflation import inflate
from models.resnets._network import RGB_PREFIX
from tvnet_keras.errors import InputError

RESIDUAL_NETWORK = re.compile(r"(conv1|layer\d_\d+|logits)[_/]")
"""What the names of a residual network's weights start with; everything else in a model stands around it."""

NON_LOCAL = "_non_local/"


def transfer(values: dict[str, np.ndarray], model: keras.Model, source: str) -> tuple[int, int]:
    """Puts every value into the weight of its name; 2D kernels are inflated where the model's are 3D.

    Where the model holds two residual networks (late fusion), both get the values. Weights around the network and
    non-local blocks keep what they have.

    Args:
        values: under our names.
        model: with its weights.
        source: the file's name, for errors.

    Returns:
        Numbers of the model's weights set, and of those left alone.

    Raises:
        InputError: the file and the network do not have the same weights; the model is unchanged.
    """
    named = [(weight, _name(weight.path, values)) for weight in model.weights]
    network = [(weight, name) for weight, name in named if name in values or _belongs(name)]
    _check_names(values, {name for _, name in network}, source)
    fitted = [(weight, _fit(values[name], tuple(weight.shape), name, source)) for weight, name in network]
    for weight, value in fitted:
        weight.assign(value)
    return len(fitted), len(model.weights) - len(fitted)


def _name(path: str, values: dict[str, np.ndarray]) -> str:
    """A weight's name without the names of the models around it."""
    # Keras counts the layers that nobody named.
    parts = re.sub(r"\bconv2d_\d+\b", "conv2d", path).split("/")
    tails = ["/".join(parts[k:]).removeprefix(RGB_PREFIX) for k in range(len(parts))]
    return next((tail for tail in tails if tail in values or _belongs(tail)), path)


def _belongs(name: str) -> bool:
    return bool(RESIDUAL_NETWORK.match(name)) and NON_LOCAL not in name


def _check_names(values: dict[str, np.ndarray], network: set[str], source: str) -> None:
    if not network:
        raise InputError(f"--weights={source} needs a residual network, and this model has none; choose a backbone.")
    missing, left = sorted(network - set(values)), sorted(set(values) - network)
    if missing or left:
        which = f"the network's {missing[0]} is not in it" if missing else f"the network has no {left[0]}"
        raise InputError(
            f"--weights={source} does not fit: {which} ({len(missing)} missing, {len(left)} left over); check "
            "--config.model.backbone and depth."
        )


def _has_ones_in_front(value: np.ndarray, shape: tuple[int, ...]) -> bool:
    return value.ndim > len(shape) and set(value.shape[: value.ndim - len(shape)]) == {1}


def _fit(value: np.ndarray, shape: tuple[int, ...], name: str, source: str) -> np.ndarray:
    if value.ndim == 4 and len(shape) == 5:
        value = inflate(value, shape[0])
    # Theirs are 3D convolutions throughout; ours of extent 1 in time are 2D, or dense.
    value = value.reshape(value.shape[value.ndim - len(shape) :]) if _has_ones_in_front(value, shape) else value
    if value.shape != shape:
        raise InputError(
            f"--weights={source} does not fit: {name} is {value.shape} there and {shape} in the network; check "
            "--config.model.backbone, depth and width."
        )
    return value
