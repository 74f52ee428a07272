"""Backward bilinear warping. `tvl1.released.warp` is the released TVNet's, with another rounding and other borders."""

from collections.abc import Callable

from keras import ops

from tvnet_keras.typing import Dimension, Shape, Tensor


def warp(images: Tensor, flow: Tensor) -> Tensor:
    """Samples `images` at `x + flow(x)`, bilinearly, with positions clamped to the image.

    If `I_t(x) ~ I_{t+1}(x + flow)` then `warp(I_{t+1}, flow)` looks like `I_t`. A displacement of u pixels moves
    exactly u pixels (the released TVNet moves `u * (W - 1) / W`).

    Args:
        images: float tensor `[N, H, W, C]`.
        flow: `[N, H, W, 2]`, channel 0 = u (+ right), channel 1 = v (+ down), in pixels of `images`.

    Returns:
        `[N, H, W, C]`, differentiable in both arguments.

    Raises:
        ValueError: `images` or `flow` has another number of axes, they differ in height or width, or `flow` does not
            end in two channels.

    Example:
        >>> images, right = np.arange(4.0).reshape(1, 1, 4, 1), np.full((1, 1, 4, 2), (1.0, 0.0))
        >>> keras.ops.convert_to_numpy(warp(images, right))[0, 0, :, 0].tolist()
        [1.0, 2.0, 3.0, 3.0]
    """
    _check_shapes(images.shape, flow.shape)
    height, width = ops.shape(images)[1:3]
    x, y = _displaced(flow, height, width)
    x0, x1, wx = _corners(x, width)
    y0, y1, wy = _corners(y, height)
    sample = _sampler(images)
    top = (1 - wx) * sample(y0, x0) + wx * sample(y0, x1)
    bottom = (1 - wx) * sample(y1, x0) + wx * sample(y1, x1)
    return (1 - wy) * top + wy * bottom


def stays_inside(flow: Tensor) -> Tensor:
    """Whether `x + flow(x)` lies inside the image, borders included, so that `warp` has not clamped it.

    Args:
        flow: `[N, H, W, 2]`, pixels.

    Returns:
        Booleans `[N, H, W]`; False where a vector is not a number.

    Example:
        >>> ops.convert_to_numpy(stays_inside(np.full((1, 1, 4, 2), (1.5, 0.0)))).tolist()
        [[[True, True, False, False]]]
    """
    height, width = ops.shape(flow)[1:3]
    x, y = _displaced(flow, height, width)
    return ops.logical_and(_within(x, width), _within(y, height))


def _check_shapes(images: Shape, flow: Shape) -> None:
    """Refuses what broadcasting would take for images and their flow; unknown sizes are None."""
    images, flow = tuple(images), tuple(flow)
    received = f"Received: images.shape={images}, flow.shape={flow}"
    if len(images) != 4 or len(flow) != 4:
        raise ValueError(f"warp needs images [N, H, W, C] and a flow [N, H, W, 2]. {received}")
    if flow[-1] != 2:
        raise ValueError(f"warp needs a flow of 2 channels (u, v). {received}")
    if any(None not in (side, other) and side != other for side, other in zip(images[1:3], flow[1:3], strict=True)):
        raise ValueError(f"warp needs a flow of the images' height and width; resize_flow brings it there. {received}")


def _displaced(flow: Tensor, height: Dimension, width: Dimension) -> tuple[Tensor, Tensor]:
    """The positions `x + flow(x)`: columns and rows, each `[N, H, W]`."""
    return _positions(width, flow, axis=2) + flow[..., 0], _positions(height, flow, axis=1) + flow[..., 1]


def _within(position: Tensor, length: Dimension) -> Tensor:
    return ops.logical_and(position >= 0, position <= ops.cast(length - 1, position.dtype))


def _positions(length: Dimension, flow: Tensor, axis: int) -> Tensor:
    shape = [1, 1, 1]
    shape[axis] = -1
    return ops.reshape(ops.cast(ops.arange(length), flow.dtype), shape)


def _corners(position: Tensor, length: Dimension) -> tuple[Tensor, Tensor, Tensor]:
    """Both neighbours of a clamped position and the weight of the second, `[N, H, W, 1]`."""
    limit = ops.cast(length - 1, position.dtype)
    # On the limits themselves, where all positions of the outermost pixels start, JAX's clip halves the gradient.
    clamped = ops.where(_within(position, length), position, ops.clip(position, 0.0, limit))
    lower = ops.floor(clamped)
    upper = ops.minimum(lower + 1, limit)
    # A NaN position is no index; its weight stays NaN, so that a diverged flow gives NaN and not a failing gather.
    first, second = (ops.maximum(ops.cast(corner, "int32"), 0) for corner in (lower, upper))
    # Not `[..., None]`, which TensorFlow Lite has for known sizes only.
    return first, second, ops.expand_dims(clamped - lower, -1)


def _sampler(images: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
    # Gathering rows of one flat [N*H*W, C] table is five times faster than `map_coordinates` (docs/performance.md).
    batch, height, width = ops.shape(images)[:3]
    table = ops.reshape(images, (-1, images.shape[-1]))
    first = ops.reshape(ops.arange(batch, dtype="int32"), (-1, 1, 1)) * (height * width)
    return lambda y, x: ops.take(table, first + y * width + x, axis=0)
