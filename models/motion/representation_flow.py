"""Representation Flow (Piergiovanni & Ryoo, CVPR 2019) on the frames themselves: a flow for every channel.

The layer has the same name as in `--method=representation_flow`, where it stands between the blocks of a network.
"""

from typing import Protocol

import keras

from tvnet_keras.layers.representation_flow import RepresentationFlow

FRAMES_CONSUMED = RepresentationFlow.frames_consumed

IS_FLOW = False

PARAMETERS = ("tau", "lambda", "theta", "divergence", "image_gradient", "flow_gradient")
"""The weights that flow layers learn, beside the convolutions in them."""


class Options(Protocol):
    """What of a method's options is read."""

    bottleneck: int
    iterations: int
    representation_learn: tuple[str, ...]
    motion_rate: float


def make(options: Options) -> keras.Layer:
    """The flow of red, green and blue, or of `bottleneck` mixtures of them.

    Args:
        options: options with `bottleneck`, `iterations` and `representation_learn`.
    """
    return RepresentationFlow(
        options.bottleneck or None,
        options.iterations,
        options.representation_learn,
        output="flow",
        name="flow",
    )


def learning_rates(options: Options) -> dict[str, float]:
    """`motion_rate` for the parameters of the flow, not for its convolution; empty where no parameter is learned."""
    return parameter_rates(options.motion_rate) if options.representation_learn else {}


def parameter_rates(rate: float) -> dict[str, float]:
    """A rate for the parameters of the layer called `flow` and of all flow layers within it."""
    return {f"(^|/)flow/(.*/)?({'|'.join(PARAMETERS)})$": rate}
