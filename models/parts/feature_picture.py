"""Pictures of the flow of features."""

from keras import ops

from tvnet_keras.typing import Tensor

PICTURED_CHANNELS = 4
"""Number of channels whose flow a model shows, side by side."""


def side_by_side(flow: Tensor) -> Tensor:
    """The flow of the first channels side by side.

    Args:
        flow: `[B, T, h, w, 2 C]`, u of every channel before v.

    Returns:
        `[B, T, h, 4 w, 2]`; narrower where there are fewer than four channels.
    """
    batch, time, height, width, channels = ops.shape(flow)
    shown = min(PICTURED_CHANNELS, channels // 2)
    flow = ops.reshape(flow, (batch, time, height, width, 2, channels // 2))[..., :shown]
    return ops.reshape(ops.transpose(flow, (0, 1, 2, 5, 3, 4)), (batch, time, height, shown * width, 2))
