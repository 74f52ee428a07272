"""Kernels of TVNet that are one weight over its scales, its warps or its iterations.

The weight is 1 long along a shared axis. In files the kernels are repeated along it, so that they are those of any
TVNet with these numbers of scales, warps and iterations, shared or not.
"""

import numpy as np

from tvnet_keras.choices import check_choice
from tvnet_keras.errors import InputError

AXES = ("scales", "warps", "iterations")
"""The axes of the kernels `[S, W, I, 8, 2]` that may be shared."""


def checked_axes(share: tuple[str, ...] | str) -> tuple[str, ...]:
    """The shared axes as a tuple in the order of `AXES`.

    Args:
        share: words of `AXES`, or one of them.

    Raises:
        InputError: a word is none of them.
    """
    words = (share,) if isinstance(share, str) else tuple(share)
    for word in words:
        check_choice("share", word, AXES)
    return tuple(axis for axis in AXES if axis in words)


def shared_shape(share: tuple[str, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of the weight whose values, repeated, fill `shape`.

    Args:
        share: the shared axes.
        shape: `(S, W, I, ...)`; axes after the third are not shared.
    """
    return (*(1 if axis in share else size for axis, size in zip(AXES, shape, strict=False)), *shape[3:])


def shared_values(layer: str, share: tuple[str, ...], kernels: np.ndarray) -> np.ndarray:
    """The kernels of a layer that shares them, from kernels that are repeated along the shared axes.

    Args:
        layer: the layer's name, for the message.
        share: the shared axes.
        kernels: `[S, W, I, 8, 2]`.

    Returns:
        `[S or 1, W or 1, I or 1, 8, 2]`.

    Raises:
        InputError: the kernels differ along a shared axis.
    """
    for number, axis in enumerate(AXES):
        if axis in share:
            first = kernels.take([0], axis=number)
            if not np.array_equal(np.broadcast_to(first, kernels.shape), kernels):
                raise InputError(
                    f"{layer}: the stored kernels differ from one of the {axis} to the next, so that one cannot stand "
                    f"for all; leave {axis} out of share. Received: share={share}"
                )
            kernels = first
    return kernels
