"""Inception-v3 of Keras: the nearest to the papers' BN-Inception for which Keras has ImageNet weights."""

import re

import keras
from keras import layers

CONVOLUTIONS = 94
"""In the network, each with its batch normalisation."""

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
    features = _named(
        keras.applications.InceptionV3(
            include_top=False, weights=None, input_shape=input_shape, pooling="avg", name="features"
        )
    )
    x = layers.Dropout(dropout, name="dropout")(features.output)
    logits = layers.Dense(num_classes, dtype="float32", name="logits")(x)
    return keras.Model(features.input, logits, name="inception_v3")


def imagenet() -> keras.Model:
    """The RGB network with Keras's ImageNet weights (downloaded by Keras on first use), without its top."""
    source = keras.applications.InceptionV3(include_top=False, weights="imagenet", pooling="avg")
    network = _named(source)
    network.set_weights(source.get_weights())
    return network


def own_names(names: list[str]) -> dict[str, str]:
    """The names here, conv0 and norm0 to conv93 and norm93, of the layers that Keras counts over the whole process.

    Args:
        names: of layers, in any order; the second network of a process has conv2d_94 to conv2d_187.

    Returns:
        `{Keras's name: name here}` of convolutions and normalisations; empty if they are not exactly one network's.
    """
    found: dict[str, str] = {}
    for kind, ours in (("conv2d", "conv"), ("batch_normalization", "norm")):
        matches = [match for match in map(re.compile(rf"{kind}(?:_(\d+))?").fullmatch, names) if match]
        if len(matches) != CONVOLUTIONS:
            return {}
        in_order = sorted(matches, key=lambda match: int(match[1] or 0))
        found |= {match[0]: f"{ours}{number}" for number, match in enumerate(in_order)}
    return found


def _named(network: keras.Model) -> keras.Model:
    """The network, fresh, its convolutions and normalisations named by their place in it."""
    names = own_names([layer.name for layer in network.layers])

    def renamed(layer: keras.Layer) -> keras.Layer:
        return type(layer).from_config({**layer.get_config(), "name": names.get(layer.name, layer.name)})

    return keras.models.clone_model(network, clone_function=renamed)
