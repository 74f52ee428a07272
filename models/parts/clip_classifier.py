"""What every classifier of clips shares: an image network on every time step, and the mean of its logits."""

from typing import Any

import keras

from tvnet_keras.layers.per_step import PerStep
from tvnet_keras.typing import Shape, Tensor

from .classifier import image_classifier
from .clip_model import ClipModel
from .fine_tuning import freeze_batch_norms, set_norm_momentum


class ClipClassifier(ClipModel):
    """Base class of the methods that classify clips.

    Args:
        num_classes: length of the logits.
        clip_shape: `(T, H, W, 3)`; T may be None.
        options: an `options_class`, or the dictionary of its fields.
        **kwargs: `keras.Model` arguments.
    """

    def __init__(self, num_classes: int, clip_shape: Shape, options: Any = None, **kwargs: Any) -> None:
        super().__init__(clip_shape, options, **kwargs)
        self.num_classes = num_classes
        self.consensus = keras.layers.GlobalAveragePooling1D(dtype="float32", name="consensus")

    def make_classifier(self, channels: int) -> PerStep:
        """A classifier of every step on the encoder `options.backbone`, for images of `channels` channels.

        `options.batch_norm` says which of its batch normalisations learn, `options.norm_momentum` how slowly their
        moving statistics follow.
        """
        image_shape = (*self.clip_shape[1:3], channels)
        network = image_classifier(self.options.backbone, image_shape, self.num_classes, self.options.dropout)
        freeze_batch_norms(network, self.options.batch_norm)
        set_norm_momentum(network, self.options.norm_momentum)
        classifier = PerStep(network, name="classifier")
        classifier.build((None, None, *image_shape))
        return classifier

    def logits_of(self, network: keras.Layer, clips: Tensor, training: bool | None = None) -> Tensor:
        """The logits `[B, K]` of a network for clips, averaged over time where it sees single frames (`PerStep`)."""
        logits = network(clips, training=training)
        return self.consensus(logits) if isinstance(network, PerStep) else logits

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "num_classes": self.num_classes}


def cross_entropy(label: Tensor, logits: Tensor) -> Tensor:
    """Softmax cross-entropy of every clip, `[B]`."""
    return keras.losses.sparse_categorical_crossentropy(label, logits, from_logits=True)
