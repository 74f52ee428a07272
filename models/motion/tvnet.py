"""TVNet (Fan et al., CVPR 2018): optical flow of the frames."""

from typing import Protocol

import keras

from tvnet_keras.layers.tvnet import TVNet

from ..parts.tvnet_layer import make_tvnet

FRAMES_CONSUMED = TVNet.frames_consumed

IS_FLOW = True


class Options(Protocol):
    """What of a method's options is read."""

    scales: int
    warps: int
    iterations: int
    learn: tuple[str, ...]
    motion_rate: float


def make(options: Options) -> keras.Layer:
    """TVNet.

    Args:
        options: options with `scales`, `warps`, `iterations` and `learn`, and those of `models.parts.tvnet_layer`.
    """
    return make_tvnet(
        options,
        scales=options.scales,
        warps=options.warps,
        iterations=options.iterations,
        learn=options.learn,
        # That of the frames, not that of the preset.
        u0_size=None,
        name="tvnet",
    )


def learning_rates(options: Options) -> dict[str, float]:
    """`motion_rate` for all weights of TVNet; empty where none of them is trained."""
    return {"(^|/)tvnet/": options.motion_rate} if options.learn else {}
