"""How an image network with weights from elsewhere learns on (Temporal Segment Networks, Wang et al., ECCV 2016).

A network that was trained on other pictures sees another input: its first layers have to learn the most, and the
statistics of few clips would spoil those of its batch normalisations. Where the new pictures have other statistics, as
flow has, those of the old ones must be forgotten before the training ends: they are what a test takes.
"""

import dataclasses
import re

import keras

from tvnet_keras.options import option

from .layer_order import in_order

TRAINED, PARTIAL = "trained", "partial"

IMAGE_KERNEL_RANK = 4
"""Least number of axes of a convolution's kernel, `[h, w, C, O]`."""


@dataclasses.dataclass
class Options:
    """The options of a method whose image network may start from other weights."""

    batch_norm: str = option(
        TRAINED,
        "Batch normalisations of the image network: all learn (trained), or all but the first keep their statistics, "
        "scales and shifts as they are (partial), which is for weights that were trained elsewhere (TSN).",
        choices=(TRAINED, PARTIAL),
    )
    first_conv_rate: float = option(
        1.0,
        "Learning rate of the kernel of the image network's first convolution relative to the network's; TSN takes 5.",
        least=0,
    )
    norm_momentum: float = option(
        0.0,
        "Part of its moving statistics that a batch normalisation of the image network keeps in a step; 0 leaves the "
        "network's own, often 0.99: 80 steps then keep nearly half of those they began with. Short trainings take 0.9.",
        least=0,
        below=1,
    )


def freeze_batch_norms(network: keras.Layer, batch_norm: str) -> None:
    """Freezes all batch normalisations of a network but the first, if this is what `batch_norm` says.

    A frozen one uses its moving statistics in training, too, and neither they nor gamma and beta change.

    Args:
        network: an image network or a network of clips.
        batch_norm: "trained", which leaves the network as it is, or "partial".
    """
    if batch_norm == PARTIAL:
        norms = [layer for layer in in_order(network) if isinstance(layer, keras.layers.BatchNormalization)]
        for norm in norms[1:]:
            norm.trainable = False


def set_norm_momentum(network: keras.Layer, momentum: float) -> None:
    """Sets how much of its moving statistics every batch normalisation keeps in a step.

    Args:
        network: an image network or a network of clips.
        momentum: the part that is kept, below 1; 0 leaves the network as it is.
    """
    for layer in in_order(network) if momentum else ():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = momentum


def first_conv_rates(network: keras.Layer, rate: float) -> dict[str, float]:
    """The learning rate of the first convolution's kernel, as `tvnet_keras.optimizers` takes it.

    Args:
        network: an image network or a network of clips, with its weights.
        rate: relative to that of all other weights.

    Returns:
        `{pattern: rate}`; nothing where the rate is that of all others.

    Example:
        >>> import models.encoders.small
        >>> first_conv_rates(models.encoders.small.build((32, 32, 10)), 5.0)
        {'(^|/)stage0_conv/kernel$': 5.0}
    """
    if rate == 1:
        return {}
    # Weights stand in the order in which data passes them.
    kernel = next(weight for weight in network.weights if len(weight.shape) >= IMAGE_KERNEL_RANK)
    return {f"(^|/){re.escape(kernel.path)}$": rate}
