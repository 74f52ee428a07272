"""Image classifiers, one per file: `build(input_shape, num_classes, dropout) -> keras.Model` giving logits.

A module may also have `imagenet() -> keras.Model`, the RGB network with ImageNet weights, whose layers have the names
of `build`'s; `imagenet_of` asks for it.
"""

import sys
from collections.abc import Callable

import keras

from tvnet_keras.choices import load_module


def imagenet_of(name: str) -> Callable[[], keras.Model] | None:
    """What makes the network of a module of this folder with ImageNet weights, None without such weights.

    Args:
        name: of the module.

    Raises:
        InputError: there is no such module.
    """
    return vars(load_module(sys.modules[__name__], "The backbone", name)).get("imagenet")
