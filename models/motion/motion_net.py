"""MotionNet (Zhu et al., ACCV 2018): optical flow by a network that learned it without labels."""

from typing import Protocol

import keras

from tvnet_keras.layers.motion_net import MotionNet

FRAMES_CONSUMED = MotionNet.frames_consumed

IS_FLOW = True


class Options(Protocol):
    """What of a method's options is read."""

    flow_fields: int
    motion_width: int
    small_displacement: bool
    between: bool
    motion_rate: float


def make(options: Options) -> keras.Layer:
    """MotionNet, which sees as many frames at once as a stack of the classifier has.

    Args:
        options: options with `flow_fields`, `motion_width`, `small_displacement` and `between`.
    """
    return MotionNet(
        options.flow_fields + 1,
        options.motion_width,
        small_displacement=options.small_displacement,
        between=options.between,
        name="motion_net",
    )


def learning_rates(options: Options) -> dict[str, float]:
    """Nothing: it is no solver."""
    return {}


def network_rates(options: Options) -> dict[str, float]:
    """`motion_rate` for all weights of MotionNet, which decay as those of any network."""
    return {"(^|/)motion_net/": options.motion_rate}
