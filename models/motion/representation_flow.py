"""Representation Flow (Piergiovanni & Ryoo, CVPR 2019) on the frames themselves: a flow for every channel.

Its layer has the name that it has in `--method=representation_flow`, where it stands between the blocks of a network.
"""

from typing import Protocol

import keras

from tvnet_keras.layers.representation_flow import RepresentationFlow

FRAMES_CONSUMED = RepresentationFlow.frames_consumed

IS_FLOW = False

PARAMETERS = ("tau", "lambda", "theta", "divergence", "image_gradient", "flow_gradient")
"""What flow layers learn, beside the convolutions in them."""


class Options(Protocol):
    """What of a method's options is read."""

    bottleneck: int
    iterations: int
    representation_learn: tuple[str, ...]
    motion_rate: float


def make(options: Options) -> keras.Layer:
    """Flows of red, green and blue, or of `bottleneck` mixtures of them, by `iterations` and `representation_learn`."""
    return RepresentationFlow(
        options.bottleneck or None,
        options.iterations,
        options.representation_learn,
        output="flow",
        name="flow",
    )


def learning_rates(options: Options) -> dict[str, float]:
    """`motion_rate` for what the flow learns, not for its convolution; empty where that is nothing."""
    return parameter_rates(options.motion_rate) if options.representation_learn else {}


def parameter_rates(rate: float) -> dict[str, float]:
    """A rate for the parameters of all flow layers in and under one called `flow`."""
    return {f"(^|/)flow/(.*/)?({'|'.join(PARAMETERS)})$": rate}
