"""Inception-v3 of Keras: the nearest to the papers' BN-Inception for which Keras has ImageNet weights."""

import keras
from keras import layers

MINIMUM_SIZE = 75
"""Smallest height and width that survive its unpadded convolutions, pixels."""


def build(input_shape: tuple[int, int, int], num_classes: int, dropout: float = 0.0) -> keras.Model:
    """`keras.applications.InceptionV3` without its top, with any number of input channels.

    Args:
        input_shape: `(H, W, C)`, at least 75 x 75 pixels.
        num_classes: length of the logits.
        dropout: rate before the last layer.

    Returns:
        A model `[N, H, W, C] -> [N, num_classes]`.

    Raises:
        ValueError: the input is smaller than 75 pixels.
    """
    if min(input_shape[:2]) < MINIMUM_SIZE:
        raise ValueError(f"inception_v3 needs at least {MINIMUM_SIZE} x {MINIMUM_SIZE} pixels. Received: {input_shape}")
    features = keras.applications.InceptionV3(
        include_top=False, weights=None, input_shape=input_shape, pooling="avg", name="features"
    )
    x = layers.Dropout(dropout, name="dropout")(features.output)
    logits = layers.Dense(num_classes, dtype="float32", name="logits")(x)
    return keras.Model(features.input, logits, name="inception_v3")


def imagenet() -> keras.Model:
    """The RGB network with Keras's ImageNet weights (downloaded by Keras on first use), without its top."""
    return keras.applications.InceptionV3(include_top=False, weights="imagenet", pooling="avg")
