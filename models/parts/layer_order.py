"""The layers of a network, one after the other."""

from collections.abc import Iterator

import keras


def in_order(layer: keras.Layer) -> Iterator[keras.Layer]:
    """The layer and all layers in it, in the order in which data passes them."""
    yield layer
    # Keras has no public way down to the layers inside layers, and its private one turns their order round.
    for inner in layer._flatten_layers(include_self=False, recursive=False):
        yield from in_order(inner)
