"""TVNet (Fan et al., CVPR 2018): optical flow of the frames."""

from typing import Protocol

import keras

from tvnet_keras.layers.tvnet import TVNet

FRAMES_CONSUMED = TVNet.frames_consumed

IS_FLOW = True


class Options(Protocol):
    """What of a method's options is read."""

    scales: int
    warps: int
    iterations: int
    learn: tuple[str, ...]
    share: tuple[str, ...]
    constants_per: str
    median: int
    texture: float
    motion_rate: float


def make(options: Options) -> keras.Layer:
    """TVNet.

    Args:
        options: options with `scales`, `warps`, `iterations` and `learn`, and those of `models.parts.tvnet_options`.
    """
    return TVNet(
        options.scales,
        options.warps,
        options.iterations,
        learn=options.learn,
        share=options.share,
        constants_per=options.constants_per,
        median=options.median,
        texture=options.texture,
        name="tvnet",
    )


def learning_rates(options: Options) -> dict[str, float]:
    """`motion_rate` for all weights of TVNet; empty where none of them is trained."""
    return {"(^|/)tvnet/": options.motion_rate} if options.learn else {}
