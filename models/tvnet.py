"""TVNet in front of a classifier (Fan et al., CVPR 2018): six frames -> ten channels of learned flow -> action.

The paper claims 85.5 % on UCF101 and 57.5 % on HMDB51, split 1 (Table 3: TVNet-50, BN-Inception from ImageNet weights,
250 views). `docs/methods/tvnet.md` lists what differs here.
"""

import dataclasses

import keras

from tvnet_keras.losses.tvl1_energy import tvl1_energy
from tvnet_keras.typing import Shape, Tensor

from .motion import motion_module
from .parts import temporal_stream
from .parts.clip_classifier import cross_entropy

FLOW_FIELDS = 5
"""Flow fields stacked for the classifier (two channels each)."""

FRAMES = FLOW_FIELDS + 1

NEEDS = ("label",)


@dataclasses.dataclass
class Options:
    """What `--config.model.*` can set for `--method=tvnet`."""

    backbone: str = "small"  # a module of models/encoders
    dropout: float = 0.5
    motion: str = "tvnet"  # a module of models/motion: tvnet, or representation_flow of the frames
    flow_fields: int = FLOW_FIELDS  # stacked for the classifier
    scales: int = 1  # tvnet's, as warps and learn
    warps: int = 1
    iterations: int = 50
    learn: tuple[str, ...] = ("u0", "kernels")
    bottleneck: int = 0  # representation_flow's: mixtures of red, green and blue that it sees; 0 for the three
    representation_learn: tuple[str, ...] = ("divergence", "tau", "lambda", "theta")
    flow_bound: float = 20.0  # pixels; larger displacements are clipped before the classifier
    energy_weight: float = 0.1  # weight of the TV-L1 energy of a flow in the multi-task loss (paper, section 4.3)
    motion_rate: float = 1 / 255  # the motion layer's learning rate relative to the classifier's (released code)


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


def frames(options: Options) -> int:
    """The number of frames that one stack of flow fields takes."""
    return temporal_stream.frames_of(options)


def objective(options: Options, batch: dict[str, Tensor], outputs: dict[str, Tensor]) -> dict[str, Tensor]:
    """Multi-task loss of the paper: cross-entropy plus `energy_weight` times the TV-L1 energy, per clip `[B]`.

    There is no energy where the motion is no Flow of the frames.
    """
    terms = {"class": cross_entropy(batch["label"], outputs["logits"])}
    if "flow" in outputs:
        terms["energy"] = options.energy_weight * tvl1_energy(batch["clip"], outputs["flow"])
    return terms


def learning_rates(options: Options) -> dict[str, float]:
    """The rate of the motion layer; empty where none of its weights is trained."""
    return motion_module(options.motion).learning_rates(options)
