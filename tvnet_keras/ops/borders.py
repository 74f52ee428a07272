"""Borders of images: replicated, so that the border pixel stands for every pixel beyond it, or left out."""

from keras import ops

from tvnet_keras.typing import Dimension, Tensor

LEFT_OUT = 10
"""One tenth of the height and of the width is left out on each side (Hidden Two-Stream's released border masks)."""


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


def border_mask(height: Dimension, width: Dimension, dtype: str = "float32") -> Tensor:
    """0 in a border of a tenth of the height and of the width on each side, 1 inside.

    The border is rounded to whole pixels, halves up: 1, 1, 3, 6, 11 for sides of 7, 14, 28, 56, 112 and none below 5,
    so that something is left of every size. The released code takes a tenth of the shorter side on all four; both are
    the same on its square frames.

    Args:
        height: in pixels, int or scalar tensor.
        width: in pixels, likewise.
        dtype: type of the mask.

    Returns:
        `[height, width]`.

    Example:
        >>> ops.convert_to_numpy(border_mask(1, 7)).tolist()
        [[0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0]]
    """
    return _inside(height, dtype)[:, None] * _inside(width, dtype)[None]


def _inside(side: Dimension, dtype: str) -> Tensor:
    border = (side + LEFT_OUT // 2) // LEFT_OUT
    pixel = ops.arange(side)
    return ops.cast(ops.logical_and(pixel >= border, pixel < side - border), dtype)
