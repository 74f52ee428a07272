"""The photometric loss: how well a flow gives the first frame of a pair back from the second."""

from keras import ops

from tvnet_keras.losses.charbonnier import charbonnier
from tvnet_keras.losses.normalisation import mean_over_valid
from tvnet_keras.ops.borders import border_mask
from tvnet_keras.ops.frame_pairs import fold_time, split_pairs
from tvnet_keras.ops.precision import at_least_float32
from tvnet_keras.ops.warp import stays_inside, warp
from tvnet_keras.typing import Tensor

ALPHA = 0.4
"""The power (Zhu et al. 2018, section 4.2)."""

SCALE = 255.0
"""What differences of normalised frames are multiplied by (the released configuration)."""


def reconstruct(frames: Tensor, flow: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The first frame of every pair, what the flow makes of it from the second one, and where that was seen.

    Args:
        frames: `[B, T, h, w, C]`, at the resolution of the flow.
        flow: `[B, T - 1, h, w, 2]`, pixels of its own resolution.

    Returns:
        The first frames and their reconstruction, each `[B, T - 1, h, w, C]`, and a mask `[B, T - 1, h, w]`: 0 where
        the flow leaves the second frame, and the reconstruction is that frame's border.

    Raises:
        ValueError: frames and flow have not the same height and width.
    """
    frames, flow = at_least_float32(frames, flow)
    first, second = split_pairs(frames)
    fields = fold_time(flow)
    reconstruction = ops.reshape(warp(fold_time(second), fields), ops.shape(first))
    seen = ops.cast(stays_inside(fields), frames.dtype)
    return first, reconstruction, ops.reshape(seen, ops.shape(first)[:-1])


def photometric_error(first: Tensor, reconstruction: Tensor, seen: Tensor, normalisation: str = "paper") -> Tensor:
    """Mean Charbonnier penalty of the difference of every clip's first frames and their reconstruction (Eq. 1).

    A border of a tenth of the height and of the width counts nothing, nor does what the flow takes from outside the
    frame. (The released code compares the latter with black, and draws the flow inwards with it.)

    Args:
        first: `[B, T - 1, h, w, C]`, as from `reconstruct` of frames that `ops.local_normalisation` has normalised.
        reconstruction: likewise.
        seen: `[B, T - 1, h, w]`, 1 where the reconstruction counts, else 0.
        normalisation: "paper" for the mean over what counts of each clip, "released" for numbers whose mean over the
            batch is the released loss (`losses.normalisation`).

    Returns:
        `[B]`; 0 for a clip of which nothing counts. An exact reconstruction costs 0.001^0.8 = 0.004.

    Raises:
        InputError: there is no such normalisation.

    Example:
        >>> still = np.zeros((1, 2, 8, 8, 3), "float32")
        >>> error = photometric_error(*reconstruct(still, np.zeros((1, 1, 8, 8, 2), "float32")))
        >>> round(float(error[0]), 3)
        0.004
    """
    first, reconstruction, seen = at_least_float32(first, reconstruction, seen)
    penalty = charbonnier(first - reconstruction, ALPHA, SCALE)
    _, _, height, width = ops.shape(seen)
    mask = seen * border_mask(height, width, seen.dtype)
    return mean_over_valid(penalty, mask[..., None], normalisation)
