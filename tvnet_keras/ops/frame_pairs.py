"""Pairs of neighbouring frames: which frame is the first of a pair and which the second, written once."""

from keras import ops

from tvnet_keras.typing import Tensor


def split_pairs(frames: Tensor) -> tuple[Tensor, Tensor]:
    """The first and the second frame of every pair of neighbours.

    Args:
        frames: `[B, T, ...]`.

    Returns:
        Frames 0 ... T - 2 and frames 1 ... T - 1, each `[B, T - 1, ...]`.
    """
    return frames[:, :-1], frames[:, 1:]


def fold_time(steps: Tensor) -> Tensor:
    """Time folded into the batch: `[B, T, ...]` to `[B * T, ...]`, so that step t of clip b is image `b * T + t`."""
    return ops.reshape(steps, (-1, *ops.shape(steps)[2:]))


def frame_pairs(frames: Tensor) -> tuple[Tensor, Tensor]:
    """The first and the second frame of every pair of neighbours, as two batches of images.

    Args:
        frames: `[B, T, ...]`.

    Returns:
        Two tensors `[B * (T - 1), ...]`; pair t of clip b is image `b * (T - 1) + t` of both.

    Example:
        >>> first, second = frame_pairs(np.zeros((2, 5, 24, 32, 3)))
        >>> tuple(first.shape)
        (8, 24, 32, 3)
    """
    first, second = split_pairs(frames)
    return fold_time(first), fold_time(second)
