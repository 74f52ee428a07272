"""Replicated borders: the border pixel stands for every pixel beyond it."""

from keras import ops

from tvnet_keras.typing import Tensor


def replicate(images: Tensor, radius: int, axis: int) -> Tensor:
    """Puts `radius` copies of the first and of the last row or column before and behind images.

    Args:
        images: `[N, H, W]`.
        radius: number of pixels on either side.
        axis: 1 for rows, 2 for columns.

    Returns:
        `[N, H + 2 radius, W]` or `[N, H, W + 2 radius]`.
    """
    first, last = (images[:, :1], images[:, -1:]) if axis == 1 else (images[:, :, :1], images[:, :, -1:])
    return ops.concatenate([first] * radius + [images] + [last] * radius, axis=axis)
