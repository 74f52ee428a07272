"""What the released TVNet (github.com/LijieFan/tvnet) computes otherwise than the default, to its last rounding.

Nothing here is meant to be better; `variant="official"` of the layer reproduces the outputs of the authors with it.
Operations follow one another as in the released code, because `floor` and the bilinear corners turn a difference in the
last bit into another pixel.
"""

import numpy as np
from keras import ops

from tvnet_keras.ops.frame_pairs import frame_pairs
from tvnet_keras.ops.intensity import GREY_WEIGHTS
from tvnet_keras.typing import Dimension, Tensor

SMOOTHING_WEIGHTS = {
    (2, 2): 0.000874,
    (1, 2): 0.006976,
    (0, 2): 0.01386,
    (1, 1): 0.0557,
    (0, 1): 0.110656,
    (0, 0): 0.219833,
}
"""Weights by the distance from the centre in rows and columns, either way round; all 25 sum to 1.000001."""


def prepare(clip: Tensor) -> tuple[Tensor, Tensor]:
    """Neighbouring frames as floored grey, stretched together to 0..255 and smoothed with zero padding.

    Args:
        clip: `[B, T, H, W, C]`, float32 in 0..255, C = 1 or 3 (R, G, B).

    Returns:
        `(first, second)`, each `[B * (T - 1), H, W]`.
    """
    first, second = stretch(*frame_pairs(floored_grey(clip)))
    return smooth(first), smooth(second)


def floored_grey(frames: Tensor) -> Tensor:
    """`floor(0.114 B + 0.587 G + 0.299 R)`, through which no gradient passes.

    Args:
        frames: `[..., C]`, C = 1 or 3 (R, G, B).

    Returns:
        `[...]`.
    """
    red, green, blue = GREY_WEIGHTS
    channels = [frames[..., 0]] * 3 if frames.shape[-1] == 1 else [frames[..., k] for k in range(3)]
    return ops.floor(blue * channels[2] + green * channels[1] + red * channels[0])


def stretch(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Maps both frames of every pair to 0..255 by their common minimum and maximum; flat pairs stay.

    Args:
        first: `[N, H, W]`.
        second: `[N, H, W]`.

    Returns:
        The first and the second frames, each `[N, H, W]`.
    """
    both = ops.stack([first, second])
    # Keras refuses the extremes of an empty batch unless it is told where to begin.
    low = ops.reshape(ops.min(both, axis=(0, 2, 3), initial=np.inf), (-1, 1, 1))
    span = ops.reshape(ops.max(both, axis=(0, 2, 3), initial=-np.inf), (-1, 1, 1)) - low
    flat = span <= 0
    divisor = ops.where(flat, ops.ones_like(span), span)
    first, second = (ops.where(flat, image, 255.0 * (image - low) / divisor) for image in (first, second))
    return first, second


def smooth(images: Tensor) -> Tensor:
    """Smooths images `[N, H, W]` by a 5 x 5 Gaussian of sigma 0.8 as the release rounds it, with zeros outside."""
    height, width = ops.shape(images)[1:3]
    padded = ops.pad(images, ((0, 0), (2, 2), (2, 2)))
    total = ops.zeros_like(images)
    # Pixels of equal weight are added before they are multiplied, the lightest first: a plain convolution's rounding
    # alone moves the flow by 1e-5 pixels after fifty iterations.
    for (row, column), weight in SMOOTHING_WEIGHTS.items():
        places = {(y, x) for a, b in ((row, column), (column, row)) for y in (2 - a, 2 + a) for x in (2 - b, 2 + b)}
        total = total + weight * sum(padded[:, y : y + height, x : x + width] for y, x in sorted(places))
    return total


def warp(images: Tensor, flow: Tensor) -> Tensor:
    """Samples `images` at `x + u (W - 1) / W`, `y + v (H - 1) / H`, with the release's borders.

    Args:
        images: `[N, H, W, C]`.
        flow: `[N, H, W, 2]`, pixels.

    Returns:
        `[N, H, W, C]`; samples left of or above the image are 0, samples right of or below it extrapolate linearly.
    """
    height, width = ops.shape(images)[1:3]
    x = _columns(width) + flow[..., 0] / ops.cast(width, "float32") * 2.0
    y = _rows(height) + flow[..., 1] / ops.cast(height, "float32") * 2.0
    return _sample(images, x, y)


def resize_align_corners_bilinear(images: Tensor, height: Dimension, width: Dimension) -> Tensor:
    """Resizes images bilinearly on an align-corners grid, through the sampling of `warp`, at equal size too.

    Args:
        images: `[N, H, W, C]`.
        height: new height in pixels, int or scalar tensor.
        width: new width in pixels, int or scalar tensor.

    Returns:
        `[N, height, width, C]`.
    """
    batch = ops.shape(images)[0]
    x = ops.broadcast_to(_columns(width), (batch, height, width))
    y = ops.broadcast_to(_rows(height), (batch, height, width))
    return _sample(images, x, y)


def resize_flow_by_zoom(flow: Tensor, height: Dimension, width: Dimension, zoom: float) -> Tensor:
    """Flow of a pyramid level on the next finer level: divided by zoom, whatever the exact ratio of the sizes.

    Args:
        flow: `[N, H, W, 2]`, pixels of its own level.
        height: height of the finer level in pixels, int or scalar tensor.
        width: width of the finer level in pixels, int or scalar tensor.
        zoom: size ratio of neighbouring levels, 0 < zoom < 1.

    Returns:
        `[N, height, width, 2]`.
    """
    return resize_align_corners_bilinear(flow, height, width) / np.float32(zoom)


# `reshape` stands here and below in place of `[None, :]`, which TensorFlow Lite has for known sizes only.
def _columns(width: Dimension) -> Tensor:
    return ops.reshape(_grid(width), (1, 1, -1))


def _rows(height: Dimension) -> Tensor:
    return ops.reshape(_grid(height), (1, -1, 1))


def _grid(length: Dimension) -> Tensor:
    """`linspace(-1, 1, length)` with TensorFlow's rounding: multiples of one step, and the last value exact."""
    if isinstance(length, int):
        # A constant where the length is known: XLA would round the last bit differently from one use to the next, and
        # the weights of `_sample` would then belong to other pixels than the pixels that it takes.
        grid = np.float32(-1) + np.float32(2) / np.float32(max(length - 1, 1)) * np.arange(length, dtype="float32")
        grid[-1] = 1
        return ops.convert_to_tensor(grid)
    count = ops.cast(length, "float32")
    index = ops.cast(ops.arange(length), "float32")
    step = 2.0 / ops.maximum(count - 1.0, 1.0)
    return ops.where(index == count - 1.0, 1.0, -1.0 + step * index)


def _sample(images: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Bilinear samples at normalised positions, with weights from the clamped corners."""
    batch, height, width = ops.shape(images)[:3]
    table = ops.reshape(images, (-1, images.shape[-1]))
    first = ops.reshape(ops.arange(batch, dtype="int32"), (-1, 1, 1)) * (height * width)
    x, x0, x1 = _corners(x, width)
    y, y0, y1 = _corners(y, height)

    def corner(row, column):
        return ops.take(table, first + row * width + column, axis=0)

    left, right = _weights(x, x0, x1)
    above, below = _weights(y, y0, y1)
    return (
        left * above * corner(y0, x0)
        + left * below * corner(y1, x0)
        + right * above * corner(y0, x1)
        + right * below * corner(y1, x1)
    )


def _corners(position: Tensor, length: Dimension) -> tuple[Tensor, Tensor, Tensor]:
    pixels = (position + 1.0) * (ops.cast(length, "float32") - 1.0) / 2.0
    lower = ops.cast(ops.floor(pixels), "int32")
    # The lower corner stops one short of the end, so that positions beyond it extrapolate.
    return pixels, _index(lower, length - 2), _index(lower + 1, length - 1)


def _index(corner: Tensor, last: Dimension) -> Tensor:
    # Not `ops.clip`: TensorFlow Lite takes 0..6 for a ReLU6, which it has for floats only.
    return ops.maximum(ops.where(corner > last, last, corner), 0)


def _weights(position: Tensor, lower: Tensor, upper: Tensor) -> tuple[Tensor, ...]:
    weights = ops.cast(upper, "float32") - position, position - ops.cast(lower, "float32")
    return tuple(ops.expand_dims(weight, -1) for weight in weights)
