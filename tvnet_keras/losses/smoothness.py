"""The smoothness loss: how much a flow changes from a pixel to the next."""

from keras import ops

from tvnet_keras.losses.charbonnier import charbonnier
from tvnet_keras.losses.normalisation import is_released, mean_over_valid
from tvnet_keras.ops.borders import border_mask
from tvnet_keras.ops.gradients import forward_x, forward_y, not_last
from tvnet_keras.ops.precision import at_least_float32
from tvnet_keras.typing import Tensor

ALPHA = 0.3
"""The power (Zhu et al. 2018, section 4.2)."""

COLOURS = 3
"""Channels of the mask by which the released code divides: that of the frames, where a pair has three colours."""


def smoothness(flow: Tensor, normalisation: str = "paper") -> Tensor:
    """Mean Charbonnier penalties of `u_x`, `u_y`, `v_x` and `v_y`, added up (Zhu et al. 2018, Eq. 2).

    A border of a tenth of the height and of the width counts nothing, nor does the last column of a difference to the
    right or the last row of one downwards.

    Args:
        flow: `[B, T, h, w, 2]`, pixels of its own resolution.
        normalisation: "paper" for the means of each clip, "released" for numbers whose mean over the batch is the sum
            of the two released losses, one of u and one of v (`losses.normalisation`).

    Returns:
        `[B]`; a constant flow costs 4 times 0.001^0.6 = 0.063 ("paper"), a flow of one pixel nothing.

    Raises:
        InputError: there is no such normalisation.

    Example:
        >>> y, x = np.mgrid[:20, :20].astype("float32")
        >>> ramp = np.stack([2 * x, 0 * x], axis=-1)[None, None]  # 2^0.6 and three differences of zero
        >>> round(float(smoothness(ramp)[0]), 3)
        1.563
    """
    (flow,) = at_least_float32(flow)
    batch, _, height, width, _ = ops.shape(flow)
    inside = border_mask(height, width, flow.dtype)
    total = ops.zeros_like(flow[:, 0, 0, 0, 0])
    for component in (0, 1):
        field = ops.reshape(flow[..., component], (-1, height, width))
        for difference, axis in ((forward_x, 2), (forward_y, 1)):
            penalty = charbonnier(difference(field), ALPHA)
            mask = inside * not_last(field, axis)
            total = total + mean_over_valid(ops.reshape(penalty, (batch, -1, height, width)), mask, normalisation)
    # The released losses of u and of v divide by the sum of the border mask of the frames, whose channels are the
    # colours of the pairs (30 of ten pairs) and not the differences (20). A border of a pixel or more, as at all of
    # its levels, leaves out the last differences too, so that both directions have the same mask.
    return total / COLOURS if is_released(normalisation) else total
