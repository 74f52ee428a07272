"""What every motion layer states about itself, and which motion layers a network holds."""

import functools
from collections.abc import Iterable
from typing import ClassVar

import keras

import tvnet_keras.layers
from tvnet_keras.choices import load_module, module_names


class MotionLayer:
    """Base class, beside `keras.layers.Layer`, of the layers that turn a clip into motion. It states their contract.

    Attributes:
        frames_consumed: n of `[B, T, H, W, C] -> [B, T - n, H, W, C']`.
        SOLVER_VERSION: counts the versions of the layer's mathematics from 1. It is raised by hand when the output with
            default arguments, or its gradient, changes by more than rounding. A Result records the version, and
            results of other versions are stale. `tests/layers/solver_outputs` holds the outputs of every version.
    """

    frames_consumed: int
    SOLVER_VERSION: ClassVar[int]


def solver_versions(layer: keras.layers.Layer) -> dict[str, int]:
    """`SOLVER_VERSION` by class name of every motion layer that a layer or a model is or contains.

    Args:
        layer: a layer or a model.

    Example:
        >>> from tvnet_keras import TVNet
        >>> solver_versions(TVNet())
        {'TVNet': 1}
    """
    return _versions(type(inner) for inner in motion_layers(layer))


def motion_layers(layer: keras.layers.Layer) -> list:
    """The motion layers that a layer or a model is or contains."""
    # Keras has no public way down to the layers inside layers.
    return [inner for inner in layer._flatten_layers() if isinstance(inner, MotionLayer)]


def current_versions() -> dict[str, int]:
    """`SOLVER_VERSION` by class name of every motion layer of this package."""
    return _versions(_layers_of_package())


@functools.cache
def _layers_of_package() -> tuple[type, ...]:
    """Every class of the modules of layers; a page asks for them hundreds of times."""
    modules = [load_module(tvnet_keras.layers, "layer", name) for name in module_names(tvnet_keras.layers)]
    return tuple(value for module in modules for value in vars(module).values() if isinstance(value, type))


def _versions(classes: Iterable[type]) -> dict[str, int]:
    motion = [kind for kind in classes if issubclass(kind, MotionLayer) and kind is not MotionLayer]
    return dict(sorted((kind.__name__, kind.SOLVER_VERSION) for kind in motion))
