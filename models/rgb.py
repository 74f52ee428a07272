"""The RGB baseline: the same classifier on single frames, so that only appearance can help it, or a network of clips.

python -m launch.train --method=rgb --experiment=ucf101 --config.model.backbone=resnet2plus1d --config.data.frames=16
"""

import dataclasses
from typing import Any

import keras

from tvnet_keras.choices import check_choice, module_names
from tvnet_keras.layers.unit_range import UnitRange
from tvnet_keras.options import option, same_option
from tvnet_keras.typing import Shape, Tensor

from . import encoders
from .parts import fine_tuning
from .parts.clip_classifier import ClipClassifier, cross_entropy
from .parts.input_scaling import AUTO, MEAN_AND_DEVIATION, UNIT, input_scaling
from .parts.residual import family_of, residual_part
from .resnets import families
from .resnets.convolutions import CLIP_RANK
from .resnets.network import BLOCKS, NON_LOCAL_PLACES

FRAMES = 1

CLIP_FRAMES = 8
"""The least number of frames that a network of clips sees: its three strides over time leave one step of them."""

NEEDS = ("label",)


def backbones() -> tuple[str, ...]:
    """Image networks, and families of residual networks."""
    return (*module_names(encoders), *module_names(families))


@dataclasses.dataclass
class Options:
    """What `--config.model.*` can set for `--method=rgb`."""

    backbone: str = option(
        "small",
        "Network: a module of models/encoders, or of models/resnets/families, of which some see clips.",
        choices=backbones,
    )
    depth: int = option(18, "Layers of a network of models/resnets/families.", choices=tuple(BLOCKS))
    width: int = option(64, "Channels of the first stage of a network of models/resnets/families.", least=1, most=512)
    non_local: tuple[str, ...] = option(
        (), "Stages of a network of models/resnets/families with non-local blocks.", choices=NON_LOCAL_PLACES
    )
    dropout: float = option(0.5, "Rate before the last layer.", least=0, most=1)
    batch_norm: str = same_option(fine_tuning.Options, "batch_norm")
    first_conv_rate: float = same_option(fine_tuning.Options, "first_conv_rate")
    norm_momentum: float = same_option(fine_tuning.Options, "norm_momentum")
    scaling: str = option(
        AUTO, "Range of the frames; auto takes the one that the weights expect.", choices=(AUTO, *MEAN_AND_DEVIATION)
    )


@keras.saving.register_keras_serializable(package="models")
class RGBClassifier(ClipClassifier):
    """An image classifier on every frame, whose logits are averaged, or a residual network of clips.

    The residual networks are those of `--method=representation_flow`, with `place=none`: the same weights under the
    same names.

    Call arguments:
        clip: `[B, T, H, W, 3]`, integers 0..255 or floats 0..1.
        training: whether dropout and batch norm work as in training.

    Output shape:
        `{"logits": [B, num_classes]}`.

    Raises:
        InputError: an option has a value that does not exist.
    """

    options_class = Options
    options: Options

    def __init__(
        self, num_classes: int, clip_shape: Shape, options: Options | dict[str, Any] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(num_classes, clip_shape, options, **kwargs)
        self.unit_range = UnitRange(name="unit_range")
        self.scaling = input_scaling(UNIT if self.options.scaling == AUTO else self.options.scaling)
        self.classifier = self.residual = None
        if _is_residual(self.options.backbone):
            self.residual = residual_part(self.options, num_classes, self.clip_shape, name="residual")
            fine_tuning.freeze_batch_norms(self.network, self.options.batch_norm)
            fine_tuning.set_norm_momentum(self.network, self.options.norm_momentum)
        else:
            self.classifier = self.make_classifier(channels=3)

    @property
    def network(self) -> keras.Layer:
        """The image classifier on every frame, or the residual network."""
        return self.residual if self.classifier is None else self.classifier

    @property
    def network_rates(self) -> dict[str, float]:
        """The rate of the first convolution of the network: `models` says what that is."""
        return fine_tuning.first_conv_rates(self.network, self.options.first_conv_rate)

    def build(self, input_shape: Shape | None = None) -> None:
        """The constructor has created every weight."""
        self.built = True

    def call(self, clip: Tensor, training: bool | None = None) -> dict[str, Tensor]:
        """The logits of clips."""
        frames = self.scaling(self.unit_range(clip))
        return {"logits": self.logits_of(self.network, frames, training)}


def build(*, num_classes: int, clip_shape: Shape, options: Options | None = None) -> keras.Model:
    """An `RGBClassifier` with all its weights."""
    model = RGBClassifier(num_classes, clip_shape, options, name="rgb_classifier")
    model.build()
    return model


def frames(options: Options) -> int:
    """The least number of frames: one, or enough for the strides of a network of clips."""
    sees_clips = _is_residual(options.backbone) and family_of(options.backbone).rank == CLIP_RANK
    return CLIP_FRAMES if sees_clips else FRAMES


def _is_residual(backbone: str) -> bool:
    """Whether a backbone is a family of residual networks, with a depth and a width, and not a single image network."""
    return check_choice("backbone", backbone, backbones()) in module_names(families)


def objective(options: Options, batch: dict[str, Tensor], outputs: dict[str, Tensor]) -> dict[str, Tensor]:
    """Cross-entropy per clip `[B]`."""
    return {"class": cross_entropy(batch["label"], outputs["logits"])}


def learning_rates(options: Options) -> dict[str, float]:
    """Nothing: all weights learn at one rate."""
    return {}
