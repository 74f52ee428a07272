"""The head of every classifier: pooling, dropout, logits."""

import keras
from keras import layers

from tvnet_keras.typing import Shape, Tensor

from ..encoders import encoder_module, pooling_of, stage_names

POOLING_LAYERS = {"mean": "Average", "max": "Max"}
"""The word in the name of Keras's global pooling layer, by the kind of pooling."""


def image_classifier(encoder: str, image_shape: Shape, num_classes: int, dropout: float = 0.0) -> keras.Model:
    """An image network with a classifier on its last stage.

    Args:
        encoder: the name of a module of `models.encoders`.
        image_shape: `(H, W, C)`.
        num_classes: length of the logits.
        dropout: dropout rate before the last layer.

    Returns:
        A model `[N, H, W, C] -> [N, num_classes]`.

    Raises:
        InputError: there is no such encoder.

    Example:
        >>> image_classifier("small", (64, 64, 3), num_classes=12).output_shape
        (None, 12)
    """
    network = encoder_module(encoder).build(image_shape)
    last = network.output[stage_names(network)[-1]]
    return keras.Model(network.input, classify(last, num_classes, dropout, pooling_of(encoder)), name=network.name)


def classify(
    x: Tensor, num_classes: int, dropout: float = 0.0, pooling: tuple[str, ...] = ("mean",), prefix: str = ""
) -> Tensor:
    """Puts layers called `dropout` and `logits` on features.

    Args:
        x: a Keras tensor `[N, H, W, C]` or `[B, T, H, W, C]`.
        num_classes: length of the logits.
        dropout: dropout rate before the last layer.
        pooling: how all positions are summed up: "mean", "max", or both side by side.
        prefix: what the names of the layers begin with.

    Returns:
        A Keras tensor `[N, num_classes]`, float32 under every policy.
    """
    rank = len(x.shape) - 2
    pools = [getattr(layers, f"Global{POOLING_LAYERS[how]}Pooling{rank}D")(name=f"{prefix}{how}")(x) for how in pooling]
    x = layers.concatenate(pools, name=f"{prefix}pooled") if len(pools) > 1 else pools[0]
    x = layers.Dropout(dropout, name=f"{prefix}dropout")(x)
    return layers.Dense(num_classes, dtype="float32", name=f"{prefix}logits")(x)
