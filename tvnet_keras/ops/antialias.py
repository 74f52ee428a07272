"""Resizing of pictures without aliasing, for sizes that may be unknown until run time."""

from keras import ops


def resize_antialiased(images, height, width):
    """Bilinear resizing on pixel centres, with the filter widened where the picture shrinks.

    The numbers of `tf.image.resize(..., antialias=True)` as two matrix products: `keras.ops.image.resize` refuses
    sizes that are tensors, and TensorFlow's operation does not exist under XLA.

    Args:
        images: float tensor `[N, H, W, C]`.
        height: new height in pixels, int or scalar tensor.
        width: new width in pixels, int or scalar tensor.

    Returns:
        `[N, height, width, C]`.
    """
    old_height, old_width = ops.shape(images)[1:3]
    rows = _weights(old_height, height, images.dtype)
    columns = _weights(old_width, width, images.dtype)
    return ops.einsum("xw,nywc->nyxc", columns, ops.einsum("yh,nhwc->nywc", rows, images))


def _weights(old, new, dtype):
    """`[new, old]`: how much of every old sample each new one takes; every row sums to 1."""
    ratio = ops.cast(old, dtype) / ops.cast(new, dtype)
    centres = (ops.cast(ops.arange(new), dtype) + 0.5) * ratio - 0.5
    distance = ops.abs(ops.cast(ops.arange(old), dtype) - centres[:, None]) / ops.maximum(ratio, 1.0)
    weights = ops.maximum(1.0 - distance, 0.0)
    return weights / ops.sum(weights, axis=1, keepdims=True)
