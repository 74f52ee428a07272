"""Putting PyTorch's weights, renamed, into a model."""

import re

import keras
import numpy as np

from launch.weights.by_name import match, weight_names
from launch.weights.torch.inflation import inflate
from launch.weights.whole import apply_whole
from models import classifier_of
from models.resnets.network import RGB_PREFIX
from tvnet_keras.errors import InputError

RESIDUAL_NETWORK = re.compile(rf"({RGB_PREFIX})?(conv1|layer\d_\d+|logits)[_/]")
"""How the names of a residual network's weights begin, where it stands in parts among layers of a model's own."""

NON_LOCAL = "_non_local/"


def transfer(values: dict[str, np.ndarray], model: keras.Model, source: str) -> tuple[int, int]:
    """Puts every value into the weight of its name; 2D kernels are inflated where the model's are 3D.

    The network is the model's classifier of images, or, without one, its residual network. Where the model holds two
    residual networks (late fusion), both get the values. Weights around the network and non-local blocks keep what they
    have.

    Args:
        values: weights by the names that they have here.
        model: the model, with its weights.
        source: the file's name, for errors.

    Returns:
        The number of the model's weights that were set, and of those that were left alone.

    Raises:
        InputError: the file and the network do not have the same weights; the model is unchanged.
    """
    network = _network(model)
    if not network:
        raise InputError(
            f"--weights={source} needs an image or residual network, and this model has none; choose a backbone."
        )
    second = {RGB_PREFIX + name: value for name, value in values.items() if RGB_PREFIX + name in network}
    found = match(model, values | second, fit)
    return apply_whole(found, network, source, "--config.model.backbone, depth and width")


def _network(model: keras.Model) -> set[str]:
    """The names of the weights that the file must hold."""
    classifier = classifier_of(model)
    if classifier is not None:
        return set(weight_names(classifier))
    return {name for name in weight_names(model) if RESIDUAL_NETWORK.match(name) and NON_LOCAL not in name}


def fit(name: str, value: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Brings the value of a PyTorch network into the shape that the weight has here, where nothing is lost by it.

    2D kernels are inflated where the model's are 3D. Kernels of PyTorch's networks of clips are 3D throughout; here
    those that extend over one frame only may be 2D, or belong to a dense layer.

    Args:
        name: the name of the weight.
        value: the value in the PyTorch network.
        shape: the shape of the weight here.

    Returns:
        The value, in another shape or as it was.
    """
    if value.ndim == 4 and len(shape) == 5:
        return inflate(value, shape[0])
    more = value.ndim - len(shape)
    return value.reshape(value.shape[more:]) if more > 0 and set(value.shape[:more]) == {1} else value
