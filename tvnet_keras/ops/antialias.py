"""Resizing of pictures without aliasing, for sizes that may be unknown until run time: OpenCV's numbers in a graph."""

import keras
import numpy as np
from keras import ops

LINEAR_BITS = 11
"""OpenCV's bilinear weights of bytes are whole numbers of 2^-11."""


def resize_antialiased(images, height, width):
    """Resizes every picture: a side that shrinks is filtered by area, one that grows is interpolated bilinearly.

    This is `video.augment.resize` inside a graph. Integers come out as OpenCV has them, bit by bit (`cv2.resize` on
    uint8 with INTER_AREA, then with INTER_LINEAR, rounded between), because sums are taken in its order and with its
    fixed point; compiled by XLA, which contracts products and sums, a value at the edge of rounding may differ by 1.
    Floats go through the same filters without rounding.

    Args:
        images: `[N, H, W, C]`, integers 0..255 or floats.
        height: new height in pixels, int or scalar tensor.
        width: new width in pixels, int or scalar tensor.

    Returns:
        `[N, height, width, C]`, the input's dtype.
    """
    size, old, dtype = (height, width), ops.shape(images)[1:3], images.dtype
    rounded = keras.backend.is_int_dtype(dtype)
    shrunk = tuple(_smaller(*sides) for sides in zip(old, size, strict=True))
    images = _shrink(images, old, shrunk, rounded)
    return ops.cast(_enlarge(images, shrunk, size, rounded), dtype)


def _known(*sides) -> bool:
    return all(isinstance(side, int) for side in sides)


def _smaller(first, second):
    return min(first, second) if _known(first, second) else ops.minimum(first, second)


def _shrink(images, old, new, rounded):
    """Means over the areas that the new pixels cover (INTER_AREA); sides that are equal stay."""
    if _known(*old, *new) and tuple(old) == tuple(new):
        return images
    # The tables need float64, which JAX lacks; sizes unknown at this point exist on TensorFlow only.
    xp = np if _known(*old, *new) else ops
    old, new = ([_float64(side, xp) for side in size] for size in (old, new))
    ratios = [_ratio(*sides) for sides in zip(old, new, strict=True)]
    whole = xp.logical_and(*(xp.abs(ratio - xp.round(ratio)) < np.finfo("float64").eps for ratio in ratios))
    rows, columns = (_areas(*sides, whole, xp) for sides in zip(old, new, ratios, strict=True))
    images = ops.cast(images, "float32")
    images = _weighted_sum(_weighted_sum(images, columns, axis=2), rows, axis=1)
    # Where both ratios are whole, OpenCV adds the pixels up and divides at the end.
    count = xp.where(whole, xp.round(ratios[0]) * xp.round(ratios[1]), 1.0)
    images = images * (1 / ops.cast(count, "float32"))
    if not rounded:
        return images
    # It rounds halves to even, except in its special case of 2 x 2 pixels, where they go up.
    quarters = xp.logical_and(whole, xp.logical_and(xp.round(ratios[0]) == 2, xp.round(ratios[1]) == 2))
    return ops.clip(ops.where(quarters, ops.floor(images + 0.5), ops.round(images)), 0, 255)


def _float64(side, xp):
    return np.float64(side) if xp is np else ops.cast(side, "float64")


def _ratio(old, new):
    """Old pixels per new one, with the rounding of OpenCV's two divisions."""
    return 1.0 / (new / old)


def _areas(old, new, ratio, whole, xp):
    """Which old samples every new one takes, and how much of each: int32 and float32 `[taps, new]`.

    Where the ratio is `whole` the weights are 1 instead of their share.
    """
    start = xp.arange(new, dtype="float64") * ratio
    end = start + ratio
    last = xp.minimum(xp.floor(end), old - 1)
    first = xp.minimum(xp.ceil(start), last)
    span = xp.minimum(ratio, old - start)
    # OpenCV drops slivers below a thousandth of a pixel.
    before = xp.where(first - start > 1e-3, first - start, 0.0)
    after = xp.where(end - last > 1e-3, xp.minimum(xp.minimum(end - last, 1.0), span), 0.0)
    taps = xp.max(xp.ceil(end) - xp.floor(start))
    source = xp.floor(start) + xp.arange(taps, dtype="float64")[:, None]
    weights = xp.where(source < first, before, xp.where(source < last, 1.0, xp.where(source == last, after, 0.0)))
    weights = xp.where(whole, weights, weights / span)
    return ops.cast(xp.minimum(source, old - 1), "int32"), ops.cast(weights, "float32")


def _weighted_sum(images, table, axis):
    """The sum over taps, one after the other as in OpenCV: another order would round halves differently."""
    index, weights = table
    shape = (-1, 1) if axis == 2 else (-1, 1, 1)

    def term(k):
        return ops.take(images, index[k], axis) * ops.reshape(weights[k], shape)

    taps = ops.shape(index)[0]
    if _known(taps):
        return sum((term(k) for k in range(1, taps)), start=term(0))
    return ops.fori_loop(1, taps, lambda k, total: total + term(k), term(0))


def _enlarge(images, old, new, rounded):
    """Bilinear interpolation on pixel centres (INTER_LINEAR); sides that are equal stay."""
    if _known(*old, *new) and tuple(old) == tuple(new):
        return images
    (top, bottom, low), (left, right, near) = (_neighbours(*sides) for sides in zip(old, new, strict=True))
    low, near = low[:, None, None], near[:, None]
    images = ops.cast(images, "int32" if rounded else "float32")
    left, right = ops.take(images, left, 2), ops.take(images, right, 2)
    if not rounded:
        images = left * (1 - near) + right * near
        return ops.take(images, top, 1) * (1 - low) + ops.take(images, bottom, 1) * low
    # OpenCV's fixed point, which drops bits twice before it rounds.
    images = ops.right_shift(left * _fixed(1 - near) + right * _fixed(near), 4)
    upper = ops.right_shift(ops.take(images, top, 1) * _fixed(1 - low), 16)
    lower = ops.right_shift(ops.take(images, bottom, 1) * _fixed(low), 16)
    return ops.right_shift(upper + lower + 2, 2)


def _neighbours(old, new):
    """Indices of the samples before and after every new one, and how much it takes of the second."""
    xp = np if _known(old, new) else ops
    old, new = _float64(old, xp), _float64(new, xp)
    centres = ops.cast((xp.arange(new, dtype="float64") + 0.5) * _ratio(old, new) - 0.5, "float32")
    before = ops.floor(centres)
    index, last = ops.cast(before, "int32"), ops.cast(old - 1, "int32")
    return ops.clip(index, 0, last), ops.clip(index + 1, 0, last), centres - before


def _fixed(weights):
    return ops.cast(ops.round(weights * 2**LINEAR_BITS), "int32")
