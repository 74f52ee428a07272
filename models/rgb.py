"""The RGB baseline: the same classifier on single frames, so that only appearance can help it."""

import dataclasses

import keras

from models.parts.clip_classifier import ClipClassifier, cross_entropy
from models.parts.input_scaling import AUTO, UNIT, input_scaling
from tvnet_keras.layers.unit_range import UnitRange

FRAMES = 1

NEEDS = ("label",)


@dataclasses.dataclass
class Options:
    """What `--config.model.*` can set for `--method=rgb`."""

    backbone: str = "small"  # a module of models/encoders
    dropout: float = 0.5
    scaling: str = AUTO  # range of the frames: unit, signed, imagenet, kinetics, released; auto: as the weights expect


@keras.saving.register_keras_serializable(package="models")
class RGBClassifier(ClipClassifier):
    """An image classifier on every frame; logits are the mean over frames.

    Call arguments:
        clip: `[B, T, H, W, 3]`, integers 0..255 or floats 0..1.
        training: as in Keras.

    Output shape:
        `{"logits": [B, num_classes]}`.

    Raises:
        InputError: a backbone or a scaling that does not exist.
    """

    options_class = Options

    def __init__(self, num_classes: int, clip_shape: tuple, options: Options | dict | None = None, **kwargs) -> None:
        super().__init__(num_classes, clip_shape, options, **kwargs)
        self.unit_range = UnitRange(name="unit_range")
        self.scaling = input_scaling(UNIT if self.options.scaling == AUTO else self.options.scaling)
        self.classifier = self.make_classifier(channels=3)

    def build(self, input_shape=None) -> None:
        """The constructor has created every weight."""
        self.built = True

    def call(self, clip, training=None):
        """Clips to logits."""
        frames = self.scaling(self.unit_range(clip))
        return {"logits": self.consensus(self.classifier(frames, training=training))}


def build(*, num_classes: int, clip_shape: tuple, options: Options | None = None) -> keras.Model:
    """An `RGBClassifier` with all its weights."""
    model = RGBClassifier(num_classes, clip_shape, options, name="rgb_classifier")
    model.build()
    return model


def objective(options: Options, batch: dict, outputs: dict) -> dict:
    """Cross-entropy per clip `[B]`."""
    return {"class": cross_entropy(batch["label"], outputs["logits"])}


def learning_rates(options: Options) -> dict[str, float]:
    """One rate for all weights."""
    return {}
