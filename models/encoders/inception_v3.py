"""Inception-v3 of Keras: the nearest to the papers' BN-Inception for which Keras has ImageNet weights."""

import re

import keras

CONVOLUTIONS = 94
"""Number of convolutions in the network, each with its batch normalisation."""

MINIMUM_SIZE = 75
"""Smallest height and width, in pixels, of which the unpadded convolutions leave anything."""

STRIDES = (2, 4, 8, 16, 32)

SCALING = "signed"


def build(input_shape: tuple[int, int, int]) -> keras.Model:
    """`keras.applications.InceptionV3` without its top, with any number of input channels.

    Stages 1 and 2 end where the two poolings begin; stages 3, 4 and 5 are the last blocks of each size (mixed2, mixed7
    and mixed10). Most strided layers have no padding, so that a stage is up to five pixels smaller than the image
    divided by the stride: an image of 299 pixels has stages of 147, 71, 35, 17 and 8.

    Args:
        input_shape: `(H, W, C)`, at least 75 x 75 pixels.

    Returns:
        A model `[N, H, W, C] -> {"stage1": [N, h1, w1, 64], "stage2": 192, "stage3": 288, "stage4": 768, "stage5":
        2048 channels}`.

    Raises:
        ValueError: the input is smaller than 75 pixels.
    """
    if min(input_shape[:2]) < MINIMUM_SIZE:
        raise ValueError(f"inception_v3 needs at least {MINIMUM_SIZE} x {MINIMUM_SIZE} pixels. Received: {input_shape}")
    # Keras documents None: fresh weights.
    network = keras.applications.InceptionV3(
        include_top=False,
        weights=None,  # pyright: ignore[reportArgumentType]
        input_shape=input_shape,
    )
    network = _named(network)
    poolings = [layer for layer in network.layers if isinstance(layer, keras.layers.MaxPooling2D)]
    ends = [poolings[0].input, poolings[1].input]
    ends += [network.get_layer(f"mixed{block}").output for block in (2, 7, 10)]
    stages = {f"stage{number}": end for number, end in enumerate(ends, start=1)}
    return keras.Model(network.input, stages, name="inception_v3")


def imagenet() -> keras.Model:
    """The encoder of RGB images with Keras's ImageNet weights (downloaded by Keras on first use)."""
    source = keras.applications.InceptionV3(include_top=False, weights="imagenet")
    network = build((MINIMUM_SIZE, MINIMUM_SIZE, 3))
    network.set_weights(source.get_weights())
    return network


def own_names(names: list[str]) -> dict[str, str]:
    """The names here, conv0 and norm0 to conv93 and norm93, of the layers that Keras counts over the whole process.

    Args:
        names: names of layers, in any order; the second network of a process has conv2d_94 to conv2d_187.

    Returns:
        `{Keras's name: name here}` of convolutions and normalisations; empty if they are not those of exactly one
        network.
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
    """A copy of the network with fresh weights, whose convolutions and normalisations are named by their position."""
    names = own_names([layer.name for layer in network.layers])

    def renamed(layer: keras.Layer) -> keras.Layer:
        return type(layer).from_config({**layer.get_config(), "name": names.get(layer.name, layer.name)})

    return keras.models.clone_model(network, clone_function=renamed)
