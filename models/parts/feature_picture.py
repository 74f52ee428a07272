"""Flows of features as pictures."""

from keras import ops

from tvnet_keras.typing import Tensor

PICTURED_CHANNELS = 4
"""Channels of a flow of features that a model shows, side by side."""


def side_by_side(flow: Tensor) -> Tensor:
    """The first channels' flows as one, `[B, T, h, w, 2 C] -> [B, T, h, 4 w, 2]` (fewer where there are fewer)."""
    batch, time, height, width, channels = ops.shape(flow)
    shown = min(PICTURED_CHANNELS, channels // 2)
    flow = ops.reshape(flow, (batch, time, height, width, 2, channels // 2))[..., :shown]
    return ops.reshape(ops.transpose(flow, (0, 1, 2, 5, 3, 4)), (batch, time, height, shown * width, 2))
