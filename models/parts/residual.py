"""Residual networks of any family, on whole clips or on every frame of a clip."""

from typing import Protocol

import keras

from tvnet_keras.choices import load_module
from tvnet_keras.layers.per_step import PerStep
from tvnet_keras.typing import Shape

from ..resnets import families
from ..resnets.convolutions import CLIP_RANK, ConvolutionMaker
from ..resnets.network import LOGITS, ResidualNetwork


class Options(Protocol):
    """What of a method's options is read."""

    backbone: str
    depth: int
    width: int
    dropout: float
    non_local: tuple[str, ...]


def family_of(name: str) -> ConvolutionMaker:
    """How the networks of a family convolve.

    Args:
        name: the name of a module of `models.resnets.families`.

    Raises:
        InputError: `models.resnets.families` has no such family.
    """
    return load_module(families, "backbone", name).Convolutions()


def residual_part(
    options: Options,
    num_classes: int,
    shape: Shape,
    *,
    start: str = "input",
    stop: str = LOGITS,
    prefix: str = "",
    name: str,
) -> keras.layers.Layer | None:
    """A residual network between two of its places; its layers have the same names in every method.

    Args:
        options: options with `backbone`, the name of a module of `models.resnets.families`, and with `depth`, `width`,
            `dropout` and `non_local` for `ResidualNetwork`.
        num_classes: length of the logits.
        shape: `(T, H, W, C)` at `start`.
        start: one of `models.resnets.network.PLACES`, behind which the part begins.
        stop: a later place, with which it ends, or "logits".
        prefix: what the names of all layers begin with, where two networks stand in one model.
        name: the name of the part.

    Returns:
        A model of clips of any length, or, for a family of single frames, a `PerStep`; None where nothing lies between
        the places.

    Raises:
        InputError: no such family, or a depth or place that it does not have.
    """
    convolutions = family_of(options.backbone)
    network = ResidualNetwork(
        convolutions, num_classes, options.depth, options.width, options.dropout, options.non_local, prefix
    )
    if convolutions.rank == CLIP_RANK:
        # Clips of any length, whatever the configuration's.
        return network.part((None, *shape[1:]), start, stop, name)
    part = network.part(shape[1:], start, stop, name)
    if part is None:
        return None
    per_step = PerStep(part, name=f"{name}_per_step")
    per_step.build((None, None, *shape[1:]))
    return per_step
