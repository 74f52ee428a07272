"""TVNet, untrained or with trained weights."""

from __future__ import annotations

import os

import h5py
import keras
import numpy as np

from tvnet_keras.errors import InputError
from tvnet_keras.flow.solvers._solver import Solver
from tvnet_keras.layers.tvnet import TVNet

FORMS = ("tvnet-S-W-I",)


def make(
    numbers: tuple[int, ...], *, variant: str = "default", weights: str | os.PathLike[str] | None = None
) -> Solver:
    """TVNet-S-W-I: S scales, W warps, I iterations.

    Args:
        numbers: S, W, I.
        variant: as for the layer.
        weights: a `.weights.h5` of any Keras model that holds one TVNet-S-W-I; None: untrained.

    Raises:
        InputError: unknown variant, or weights that cannot be read or hold no such TVNet.
    """
    trained = None if weights is None else _trained(weights, numbers)
    # Without weights u0 is zero, on whatever grid.
    u0_size = (1, 1) if trained is None else trained[0].shape[:2]
    layer = TVNet(*numbers, variant=variant, u0_size=u0_size, learn=())
    layer.build((None, 2, None, None, 3))
    if trained is not None:
        layer.set_weights(trained)
    return lambda frames: keras.ops.convert_to_numpy(layer(frames[None]))[0, 0]


def _trained(path: str | os.PathLike[str], numbers: tuple[int, ...]) -> list[np.ndarray]:
    """The weights of the one TVNet-S-W-I of a weight file, in the layer's order.

    Models keep the layer under different names, so it is told by the shapes of its weights: u0, kernels, three scalars.
    """
    found: list[list[np.ndarray]] = []

    def collect(name: str, node: h5py.Group | h5py.Dataset) -> None:
        if isinstance(node, h5py.Group) and name.split("/")[-1] == "vars":
            arrays = [node[str(k)] for k in range(len(node))]
            shapes = [array.shape for array in arrays]
            if shapes[1:] == [(*numbers, 8, 2), (), (), ()] and len(shapes[0]) == 3 and shapes[0][-1] == 2:
                found.append([np.asarray(array) for array in arrays])

    try:
        with h5py.File(path) as file:
            file.visititems(collect)
    except (OSError, KeyError) as error:
        raise InputError(f"The weights in {path} cannot be read; give a .weights.h5 file of Keras.") from error
    name = "tvnet-" + "-".join(map(str, numbers))
    if len(found) != 1:
        raise InputError(f"The weights in {path} hold {len(found)} networks of the form {name}, not one.")
    return found[0]
