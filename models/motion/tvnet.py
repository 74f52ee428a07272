"""TVNet (Fan et al., CVPR 2018): optical flow of the frames."""

import keras

from tvnet_keras.layers.tvnet import TVNet

FRAMES_CONSUMED = TVNet.frames_consumed

IS_FLOW = True


def make(options) -> keras.Layer:
    """TVNet by `scales`, `warps`, `iterations` and `learn` of the options."""
    return TVNet(options.scales, options.warps, options.iterations, learn=options.learn, name="tvnet")


def learning_rates(options) -> dict[str, float]:
    """TVNet's own rate, `motion_rate`; empty where none of its weights is trained."""
    return {"(^|/)tvnet/": options.motion_rate} if options.learn else {}
