"""Resizing of images and flows inside a graph, and a table of every resize of the library.

Two grids are in use, and they are not the same. *Align-corners*: the first and the last samples of both grids coincide.
*Half-pixel*: pixel centres lie at half pixels, so that the borders of both pictures coincide (OpenCV, Pillow).

| function | grid | filter | used for |
|---|---|---|---|
| `ops.resize.resize_align_corners_bilinear` | align-corners | bilinear | frames at a pyramid level (TVNet) |
| `ops.native.resize.resize_align_corners_bilinear` | align-corners | bilinear | the two of `ops.resize`, native |
| `ops.resize.resize_flow` | align-corners | bilinear, scales vectors | flow between levels, u0, flow of a model |
| `ops.resize.resize_flow_by` | align-corners | the same, by a given resize | flow between levels, flow of a network |
| `ops.tvl1.released.resize_align_corners_bilinear` | align-corners | bilinear, released rounding | frames at a level |
| `ops.tvl1.released.resize_flow_by_zoom` | align-corners | the same, divides vectors by zoom | flow between levels |
| `ops.resize.resize_half_pixel_antialiased` | half-pixel | area; bilinear where it grows | frames in a graph |
| `video.resize.resize_half_pixel_antialiased` | half-pixel | the same, same bytes | frames of the video pipeline |
| `ops.resize.resize_half_pixel_bilinear` | half-pixel | bilinear | stored flow in a graph |
| `ops.resize.resize_half_pixel_in_float32` | half-pixel | bilinear | flow of networks |
| `video.resize.resize_half_pixel_bilinear` | half-pixel | bilinear | frames and flow of image pairs, stored flow |
| `flow.measure.resize_truth_half_pixel_bilinear` | half-pixel | bilinear, scales vectors | exact flow, partly unknown |
| `video.augment.resize_short_side` | half-pixel | as `video.resize.resize_half_pixel_antialiased` | frames of a cache |

Sizes are ints where they are known, and scalar tensors where they are not until run time.
"""

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, cast

import keras
import numpy as np
from keras import ops

from tvnet_keras.typing import Dimension, Tensor

OPENCV_WEIGHT_BITS = 11
"""OpenCV's bilinear weights of bytes are whole numbers of 2^-11."""


def resize_align_corners_bilinear(images: Tensor, height: Dimension, width: Dimension) -> Tensor:
    """Resizes images bilinearly on an align-corners grid: the first and the last samples of both grids coincide.

    Nothing is filtered where the images shrink.

    Args:
        images: `[N, H, W, C]`.
        height: new height in pixels, int or scalar tensor.
        width: new width in pixels, int or scalar tensor.

    Returns:
        `[N, height, width, C]`; `images` itself if its static size is already that.
    """
    return _align_corners_axis(_align_corners_axis(images, height, axis=1), width, axis=2)


def resize_flow(flow: Tensor, height: Dimension, width: Dimension) -> Tensor:
    """Resizes a flow and scales its vectors with it: u by new width / old width, v by new height / old height.

    The grid and the filter are those of `resize_align_corners_bilinear`.

    Args:
        flow: `[N, H, W, 2]`, pixels of its own grid.
        height: new height in pixels, int or scalar tensor.
        width: new width in pixels, int or scalar tensor.

    Returns:
        `[N, height, width, 2]`, pixels of the new grid; `flow` itself if its static size is already that.

    Raises:
        ValueError: `flow` has another number of axes or of channels, or the new size is below one pixel.

    Example:
        >>> resized = resize_flow(np.ones((1, 4, 4, 2), "float32"), 8, 16)
        >>> keras.ops.convert_to_numpy(resized)[0, 0, 0].tolist()
        [4.0, 2.0]
    """
    if len(flow.shape) != 4 or flow.shape[-1] != 2:
        raise ValueError(f"resize_flow needs a flow [N, H, W, 2]. Received: flow.shape={tuple(flow.shape)}")
    if any(isinstance(side, int) and side < 1 for side in (height, width)):
        raise ValueError(f"resize_flow needs a size of at least 1 x 1. Received: height={height}, width={width}")
    return resize_flow_by(resize_align_corners_bilinear, flow, height, width)


def resize_flow_by(resize: Callable[..., Tensor], flow: Tensor, height: Dimension, width: Dimension) -> Tensor:
    """`resize_flow` by a given function, such as another form of `resize_align_corners_bilinear` or another resize."""
    old_height, old_width = ops.shape(flow)[1:3]
    if _known_and_equal(old_height, height) and _known_and_equal(old_width, width):
        return flow
    sides = ((width, old_width), (height, old_height))
    scale = ops.stack([ops.cast(new, flow.dtype) / ops.cast(old, flow.dtype) for new, old in sides])
    return resize(flow, height, width) * scale


def resize_half_pixel_antialiased(images: Tensor, height: Dimension, width: Dimension) -> Tensor:
    """Resizes images on pixel centres: a side that shrinks is averaged over areas, a side that grows is interpolated.

    This is `video.resize.resize_half_pixel_antialiased` inside a graph. Integers come out as OpenCV has them, bit by
    bit (`cv2.resize` on uint8 with INTER_AREA, then with INTER_LINEAR, rounded between), because sums are taken in its
    order and with its fixed point; compiled by XLA, which contracts products and sums, a value at the edge of rounding
    may differ by 1. Floats go through the same filters without rounding.

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
    return ops.cast(_interpolate(images, shrunk, size, rounded), dtype)


def resize_half_pixel_bilinear(images: Tensor, height: Dimension, width: Dimension) -> Tensor:
    """Resizes images or fields on pixel centres, bilinearly; nothing is filtered where they shrink.

    This is `video.resize.resize_half_pixel_bilinear` inside a graph, of floats.

    Args:
        images: `[N, H, W, C]`.
        height: new height in pixels, int or scalar tensor.
        width: new width in pixels, int or scalar tensor.

    Returns:
        float32 `[N, height, width, C]`; `images` itself if its static size is already that.
    """
    return _interpolate(images, ops.shape(images)[1:3], (height, width), rounded=False)


def resize_half_pixel_in_float32(images: Tensor, height: Dimension, width: Dimension) -> Tensor:
    """`resize_half_pixel_bilinear` whose positions are float32 where sizes are unknown until run time.

    TensorFlow Lite has no float64. A position may be a ten-thousandth of a pixel off at a width of a thousand, which
    frames that are compared bit for bit do not allow, but the flow of a network does.

    Args:
        images: `[N, H, W, C]`.
        height: new height in pixels, int or scalar tensor.
        width: new width in pixels, int or scalar tensor.

    Returns:
        float32 `[N, height, width, C]`; `images` itself if its static size is already that.
    """
    return _interpolate(images, ops.shape(images)[1:3], (height, width), rounded=False, dtype="float32")


def _all_known(*sides: Dimension) -> bool:
    return all(isinstance(side, int) for side in sides)


def _known_and_equal(old: Dimension, new: Dimension) -> bool:
    return _all_known(old, new) and old == new


def _align_corners_axis(images: Tensor, length: Dimension, axis: int) -> Tensor:
    old = ops.shape(images)[axis]
    if _known_and_equal(old, length):
        return images
    dtype = images.dtype
    steps = ops.maximum(ops.cast(length - 1, dtype), 1.0)
    position = ops.cast(ops.arange(length), dtype) * (ops.cast(old - 1, dtype) / steps)
    lower = ops.minimum(ops.floor(position), ops.cast(old - 1, dtype))
    upper = ops.minimum(lower + 1, ops.cast(old - 1, dtype))
    shape = [1, 1, 1, 1]
    shape[axis] = -1
    weight = ops.reshape(position - lower, shape)
    first = ops.take(images, ops.cast(lower, "int32"), axis=axis)
    second = ops.take(images, ops.cast(upper, "int32"), axis=axis)
    return first + weight * (second - first)


def _smaller(first: Dimension, second: Dimension) -> Dimension:
    return min(first, second) if _all_known(first, second) else ops.minimum(first, second)


def _shrink(images: Tensor, old: Sequence[Dimension], new: Sequence[Dimension], rounded: bool) -> Tensor:
    """Means over the areas that the new pixels cover (INTER_AREA); sides that are equal stay."""
    if all(map(_known_and_equal, old, new)):
        return images
    # The tables need float64, which JAX lacks; sizes unknown at this point exist on TensorFlow only.
    xp = _library(*old, *new)
    old, new = ([_float64(side, xp) for side in size] for size in (old, new))
    ratios = [_old_pixels_per_new(*sides) for sides in zip(old, new, strict=True)]
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


def _library(*sides: Dimension) -> ModuleType:
    return np if _all_known(*sides) else ops


def _float64(side: Dimension, xp: ModuleType) -> Any:
    return np.float64(cast(int, side)) if xp is np else ops.cast(side, "float64")


def _old_pixels_per_new(old: Any, new: Any) -> Any:
    """Old pixels per new one, with the rounding of OpenCV's two divisions."""
    return 1.0 / (new / old)


def _areas(old: Any, new: Any, ratio: Any, whole: Any, xp: ModuleType) -> tuple[Tensor, Tensor]:
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


def _weighted_sum(images: Tensor, table: tuple[Tensor, Tensor], axis: int) -> Tensor:
    """The sum over taps, one after the other as in OpenCV: another order would round halves differently."""
    index, weights = table
    shape = (-1, 1) if axis == 2 else (-1, 1, 1)

    def term(k: Dimension) -> Tensor:
        return ops.take(images, index[k], axis) * ops.reshape(weights[k], shape)

    taps = ops.shape(index)[0]
    if _all_known(taps):
        return cast(Tensor, sum((term(k) for k in range(1, taps)), start=term(0)))
    return ops.fori_loop(1, taps, lambda k, total: total + term(k), term(0))


def _interpolate(
    images: Tensor, old: Sequence[Dimension], new: Sequence[Dimension], rounded: bool, dtype: str = "float64"
) -> Tensor:
    """Bilinear interpolation on pixel centres (INTER_LINEAR); sides that are equal stay.

    Positions of sizes that are unknown are computed in `dtype`.
    """
    if all(map(_known_and_equal, old, new)):
        return images
    (top, bottom, low), (left, right, near) = (_neighbours(*sides, dtype) for sides in zip(old, new, strict=True))
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


def _neighbours(old: Dimension, new: Dimension, dtype: str) -> tuple[Tensor, Tensor, Tensor]:
    """Indices of the samples before and after every new one, and how much it takes of the second."""
    xp = _library(old, new)
    dtype = "float64" if xp is np else dtype
    old, new = (_float64(side, xp) if dtype == "float64" else ops.cast(side, dtype) for side in (old, new))
    centres = ops.cast((xp.arange(new, dtype=dtype) + 0.5) * _old_pixels_per_new(old, new) - 0.5, "float32")
    before = ops.floor(centres)
    index, last = ops.cast(before, "int32"), ops.cast(old - 1, "int32")
    return ops.clip(index, 0, last), ops.clip(index + 1, 0, last), centres - before


def _fixed(weights: Tensor) -> Tensor:
    return ops.cast(ops.round(weights * 2**OPENCV_WEIGHT_BITS), "int32")
