"""The weights of a flow layer of Representation Flow's releases."""

import numpy as np

from tvnet_keras.errors import InputError

KERNELS = {"img_grad": "image_gradient", "f_grad": "flow_gradient", "div": "divergence"}
"""By the name of the kernels along x in the releases, behind which those along y have a 2: their name here."""

CONSTANTS = {"t": "theta", "l": "lambda", "a": "tau"}


def required(state: dict[str, np.ndarray], name: str, source: str) -> np.ndarray:
    """A weight to which others in the state dict belong.

    Args:
        state: the state dict.
        name: the weight's name in it.
        source: the file's name, for errors.

    Raises:
        InputError: it is not there.
    """
    if name not in state:
        raise InputError(f"--weights={source} lacks {name}, to which others in it belong; save the whole network.")
    return state[name]


def flow_layer_weights(
    state: dict[str, np.ndarray], theirs: str, ours: str, source: str, *, dense: bool = False
) -> dict[str, np.ndarray]:
    """Kernels along x and y together, and the learned constants, under our names.

    Args:
        state: the state dict.
        theirs: the name of the flow layer in it.
        ours: its name here.
        source: the file's name, for errors.
        dense: whether a kernel leads from every channel to every channel, `[O, I, taps]` to `[(x, y), taps, I, O]`, as
            in the second release; in the first there is one per channel, `[C, taps]` to `[C, (x, y), taps]`.

    Raises:
        InputError: a kernel is missing, or those along x and y are not of one size.
    """
    values, channels = {}, 2 if dense else 1
    for kernel, name in KERNELS.items():
        along_x, along_y = (required(state, f"{theirs}.{kernel}{axis}", source) for axis in ("", "2"))
        if along_x.ndim <= channels or not along_x.size or not _alike(along_x, along_y, channels):
            raise InputError(
                f"--weights={source}: {theirs}.{kernel} and {kernel}2 must be kernels of one size, but are "
                f"{along_x.shape} and {along_y.shape}; get the file again."
            )
        taps = np.stack([part.reshape(*part.shape[:channels], -1) for part in (along_x, along_y)], channels)
        values[f"{ours}/{name}"] = taps.transpose(2, 3, 1, 0) if dense else taps
    for constant, name in CONSTANTS.items():
        if f"{theirs}.{constant}" in state:
            value = state[f"{theirs}.{constant}"]
            values[f"{ours}/{name}"] = value.reshape(()) if value.size == 1 else value
    return values


def _alike(along_x: np.ndarray, along_y: np.ndarray, channels: int) -> bool:
    return along_x.size == along_y.size and along_x.shape[:channels] == along_y.shape[:channels]
