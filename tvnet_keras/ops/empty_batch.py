"""Batches without a clip, such as the last replica of a distributed batch may get."""

from keras import ops

from tvnet_keras.typing import Tensor


def at_least_one(clip: Tensor) -> Tensor:
    """The batch itself, or a batch of one clip of zeros where it holds no clip.

    On a CPU, TensorFlow's convolution gives an empty batch the wrong shape, and the gradient of its padding fails.

    Args:
        clip: `[B, ...]`.

    Returns:
        `[max(B, 1), ...]`; the caller cuts its result off at B.
    """
    if clip.shape[0]:
        return clip
    batch, *clip_shape = ops.shape(clip)
    return ops.concatenate([clip, ops.zeros((1 - ops.minimum(batch, 1), *clip_shape), clip.dtype)])
