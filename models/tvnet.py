"""TVNet in front of a classifier (Fan et al., CVPR 2018): six frames -> ten channels of learned flow -> action.

The paper claims 85.5 % on UCF101 and 57.5 % on HMDB51, split 1 (Table 3: TVNet-50, BN-Inception from ImageNet weights,
250 views). `docs/methods/tvnet.md` lists what differs here.
"""

import dataclasses

import keras

from tvnet_keras.losses.tvl1_energy import tvl1_energy
from tvnet_keras.options import option
from tvnet_keras.typing import Shape, Tensor

from .parts import temporal_stream
from .parts.clip_classifier import cross_entropy

FRAMES = temporal_stream.FLOW_FIELDS + 1

NEEDS = ("label",)


@dataclasses.dataclass
class Options(temporal_stream.Options):
    """What `--config.model.*` can set for `--method=tvnet`."""

    energy_weight: float = option(
        0.1, "Weight of the TV-L1 energy of the flow in the multi-task loss (paper, section 4.3).", least=0
    )


@keras.saving.register_keras_serializable(package="models")
class TVNetClassifier(temporal_stream.TemporalStream):
    """The temporal stream on the flow of TVNet, or on the output of another motion layer."""

    options_class = Options
    options: Options


def build(*, num_classes: int, clip_shape: Shape, options: Options | None = None) -> keras.Model:
    """A `TVNetClassifier` with all its weights."""
    model = TVNetClassifier(num_classes, clip_shape, options, name="tvnet_classifier")
    model.build()
    return model


def needs(options: Options) -> tuple[str, ...]:
    """The label, and the flow where it is stored."""
    return temporal_stream.needs_of(options)


def frames(options: Options) -> int:
    """The number of frames that one stack of flow fields takes."""
    return temporal_stream.frames_of(options)


def objective(options: Options, batch: dict[str, Tensor], outputs: dict[str, Tensor]) -> dict[str, Tensor]:
    """Multi-task loss of the paper: cross-entropy plus `energy_weight` times the TV-L1 energy, per clip `[B]`.

    There is no energy where the motion is no Flow of the frames, or was stored.
    """
    terms = {"class": cross_entropy(batch["label"], outputs["logits"])}
    if "flow" in outputs:
        terms["energy"] = options.energy_weight * tvl1_energy(batch["clip"], outputs["flow"])
    return terms


def learning_rates(options: Options) -> dict[str, float]:
    """The rate of the motion layer; empty where none of its weights is trained."""
    return temporal_stream.learning_rates(options)
