"""TVNet in front of a classifier (Fan et al., CVPR 2018): six frames -> ten channels of learned flow -> action.

The paper claims 85.5 % on UCF101 and 57.5 % on HMDB51, split 1 (Table 3: TVNet-50, BN-Inception from ImageNet weights,
250 views). `docs/methods/tvnet.md` lists what differs here.
"""

import dataclasses

import keras

from tvnet_keras.errors import InputError
from tvnet_keras.layers.representation_flow import LEARNABLE as REPRESENTATION_LEARNABLE
from tvnet_keras.layers.tvnet import LEARNABLE
from tvnet_keras.losses.tvl1_energy import tvl1_energy
from tvnet_keras.options import option, same_option
from tvnet_keras.typing import Shape, Tensor

from . import encoders
from . import motion as motion_layers
from .motion import motion_module
from .parts import fine_tuning, temporal_stream, tvnet_layer
from .parts.clip_classifier import cross_entropy

FLOW_FIELDS = 5
"""Flow fields stacked for the classifier (two channels each)."""

FRAMES = FLOW_FIELDS + 1

NEEDS = ("label",)


@dataclasses.dataclass
class Options:
    """What `--config.model.*` can set for `--method=tvnet`."""

    backbone: str = option("small", "Image network: a module of models/encoders.", choices=encoders)
    dropout: float = option(0.5, "Rate before the last layer.", least=0, most=1)
    batch_norm: str = same_option(fine_tuning.Options, "batch_norm")
    first_conv_rate: float = same_option(fine_tuning.Options, "first_conv_rate")
    motion: str = option("tvnet", "Motion layer on the frames: a module of models/motion.", choices=motion_layers)
    flow_fields: int = option(FLOW_FIELDS, "Flow fields that are stacked for the classifier.", least=1, most=10_000)
    preset: str = same_option(tvnet_layer.Options, "preset")
    # A TVNet has weights of its own for every iteration of every warp of every scale.
    scales: int = option(1, "Scales of the image pyramid, for motion=tvnet.", least=1, most=20)
    warps: int = option(1, "Warps on every scale, for motion=tvnet.", least=1, most=100)
    iterations: int = option(50, "TV-L1 iterations of every warp.", least=1, most=10_000)
    learn: tuple[str, ...] = option(("u0", "kernels"), "Weights that are trained, for motion=tvnet.", choices=LEARNABLE)
    tau: float = same_option(tvnet_layer.Options, "tau")
    lambda_: float = same_option(tvnet_layer.Options, "lambda_")
    theta: float = same_option(tvnet_layer.Options, "theta")
    share: tuple[str, ...] = same_option(tvnet_layer.Options, "share")
    constants_per: str = same_option(tvnet_layer.Options, "constants_per")
    median: int = same_option(tvnet_layer.Options, "median")
    texture: float = same_option(tvnet_layer.Options, "texture")
    detach_warps: bool = same_option(tvnet_layer.Options, "detach_warps")
    bottleneck: int = option(
        0,
        "Mixtures of red, green and blue whose flow is computed, for motion=representation_flow; 0 takes the colours.",
        least=0,
        most=4096,
    )
    representation_learn: tuple[str, ...] = option(
        ("divergence", "tau", "lambda", "theta"),
        "Weights that are trained, for motion=representation_flow.",
        choices=REPRESENTATION_LEARNABLE,
    )
    flow_bound: float = option(20.0, "Displacements beyond it are clipped for the classifier, in pixels.", above=0)
    energy_weight: float = option(
        0.1, "Weight of the TV-L1 energy of the flow in the multi-task loss (paper, section 4.3).", least=0
    )
    motion_rate: float = option(
        1 / 255, "Learning rate of the motion layer relative to the classifier's (paper, section 5.2).", least=0
    )


@keras.saving.register_keras_serializable(package="models")
class TVNetClassifier(temporal_stream.TemporalStream):
    """The temporal stream on the flow of TVNet, or on the output of another motion layer."""

    options_class = Options
    options: Options


def build(*, num_classes: int, clip_shape: Shape, options: Options | None = None) -> keras.Model:
    """A `TVNetClassifier` with all its weights.

    Raises:
        InputError: there is a preset, and the motion is not TVNet's.
    """
    if options and options.preset and options.motion != "tvnet":
        raise InputError(f"preset={options.preset} is of motion=tvnet, but motion={options.motion}; leave it out.")
    model = TVNetClassifier(num_classes, clip_shape, options, name="tvnet_classifier")
    model.build()
    return model


def needs(options: Options) -> tuple[str, ...]:
    """The label, and the flow where it is stored."""
    field = motion_layers.field_of(options.motion)
    return NEEDS if field == "clip" else (*NEEDS, field)


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
    return motion_module(options.motion).learning_rates(options)
