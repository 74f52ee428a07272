"""What every clip classifier shares: a backbone by name on every time step, the mean of its logits, its config."""

import dataclasses
from typing import ClassVar

import keras

import models.backbones
from tvnet_keras.choices import load_module
from tvnet_keras.layers.per_step import PerStep


class ClipClassifier(keras.Model):
    """Base of the classifiers in this folder.

    Args:
        num_classes: length of the logits.
        clip_shape: `(T, H, W, 3)`; T may be None.
        options: an `options_class`, or its dictionary.
        **kwargs: `keras.Model` arguments.
    """

    options_class: ClassVar[type]

    def __init__(self, num_classes: int, clip_shape: tuple, options=None, **kwargs) -> None:
        # Autocasting would round a float clip to float16 under mixed precision before the solver, which pins float32.
        super().__init__(**{"autocast": False, **kwargs})
        self.num_classes, self.clip_shape = num_classes, tuple(clip_shape)
        self.options = self._options(options)
        self.consensus = keras.layers.GlobalAveragePooling1D(dtype="float32", name="consensus")

    def _options(self, options):
        if not isinstance(options, dict):
            return options or self.options_class()
        # Files keep tuples as lists.
        values = {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}
        return self.options_class(**values)

    def make_classifier(self, channels: int) -> PerStep:
        """The backbone that `options.backbone` names, for images of `channels` channels, on every time step."""
        backbone = load_module(models.backbones, "backbone", self.options.backbone)
        image_shape = (*self.clip_shape[1:3], channels)
        classifier = PerStep(backbone.build(image_shape, self.num_classes, self.options.dropout), name="classifier")
        classifier.build((None, None, *image_shape))
        return classifier

    def get_config(self) -> dict:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "clip_shape": self.clip_shape,
            "options": dataclasses.asdict(self.options),
        }


def cross_entropy(label, logits):
    """Softmax cross-entropy of every clip, `[B]`."""
    return keras.losses.sparse_categorical_crossentropy(label, logits, from_logits=True)
