"""Coarse-to-fine sizes and align-corners resizing of images and flows.

Sizes are ints where they are known and scalar tensors where they are not until run time.
"""

import math

from keras import ops


def scale_limit(height, width, zoom: float):
    """How many pyramid levels an image can bear: `1 + log(diagonal / 4) / log(1 / zoom)`, at least 1 (released TVNet).

    Args:
        height: pixels, int or scalar tensor.
        width: pixels, int or scalar tensor.
        zoom: size ratio of neighbouring levels, 0 < zoom < 1.

    Returns:
        int, or an int32 scalar tensor where the size is one.
    """
    if isinstance(height, int) and isinstance(width, int):
        return max(1, int(1 + math.log(math.hypot(height, width) / 4) / math.log(1 / zoom)))
    diagonal = ops.sqrt(ops.cast(height, "float32") ** 2 + ops.cast(width, "float32") ** 2)
    return ops.maximum(1, ops.cast(1 + ops.log(diagonal / 4) / math.log(1 / zoom), "int32"))


def level_size(length, level, zoom: float):
    """`int(length * zoom ** level + 0.5)`, at least 1 pixel. Length and level are ints or integer tensors."""
    if isinstance(level, int) and level == 0:
        return length
    if isinstance(length, int) and isinstance(level, int):
        return max(1, int(length * zoom**level + 0.5))
    # Python's float64 here too: float32 rounds some sizes the other way (45 * 0.7 + 0.5 falls short of 32).
    factor = zoom**level if isinstance(level, int) else ops.power(ops.cast(zoom, "float64"), ops.cast(level, "float64"))
    return ops.maximum(1, ops.cast(ops.cast(length, "float64") * factor + 0.5, "int32"))


def resize(images, height, width):
    """Bilinear resizing on an align-corners grid: first and last samples of both grids coincide.

    Args:
        images: `[N, H, W, C]`.
        height: new height in pixels, int or scalar tensor.
        width: new width in pixels, int or scalar tensor.

    Returns:
        `[N, height, width, C]`; `images` itself if its static size is already that.
    """
    return _resize_axis(_resize_axis(images, height, axis=1), width, axis=2)


def resize_flow(flow, height, width):
    """Resizes a flow field and its vectors: u by new width / old width, v by new height / old height.

    Args:
        flow: `[N, H, W, 2]`, pixels of its own grid.
        height: new height in pixels, int or scalar tensor.
        width: new width in pixels, int or scalar tensor.

    Returns:
        `[N, height, width, 2]`, pixels of the new grid; `flow` itself if its static size is already that.

    Example:
        >>> resized = resize_flow(np.ones((1, 4, 4, 2), "float32"), 8, 16)
        >>> ops.convert_to_numpy(resized)[0, 0, 0].tolist()
        [4.0, 2.0]
    """
    old_height, old_width = ops.shape(flow)[1:3]
    if _same(old_height, height) and _same(old_width, width):
        return flow
    scale = ops.stack([_ratio(width, old_width, flow.dtype), _ratio(height, old_height, flow.dtype)])
    return resize(flow, height, width) * scale


def _ratio(new, old, dtype):
    return ops.cast(new, dtype) / ops.cast(old, dtype)


def _same(old, new) -> bool:
    """Whether both lengths are known and equal."""
    return isinstance(old, int) and isinstance(new, int) and old == new


def _resize_axis(images, length, axis: int):
    old = ops.shape(images)[axis]
    if _same(old, length):
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
