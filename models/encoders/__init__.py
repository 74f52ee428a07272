"""Image networks by stage, one per file; adding a file adds `--config.model.backbone=<its name>`.

A module has

`build(input_shape) -> keras.Model`
    A model of images `[N, H, W, C]` of `input_shape` `(H, W, C)`, with any number of channels, that answers with a
    dictionary of its stages, fine to coarse: `{"stage1": [N, h1, w1, C1], "stage2": ..., ...}`. There are as many
    stages as the network has resolutions. Heads and decoders stand on them: `models.parts.classifier` puts a classifier
    on the last stage.
`STRIDES`
    The number of pixels of the image that one pixel of each stage stands for: 2, 4, 8, ... fine to coarse. A stage of
    an image H pixels high is ceil(H / stride) pixels high, unless the module says otherwise.

It may also have

`POOLING`
    How a classifier sums up the last stage: "mean", "max" or both. `pooling_of` asks for it.
`SCALING`
    The range of RGB frames that its ImageNet weights were trained with, by its name in `models.parts.input_scaling`.
    `scaling_of` asks for it.
`imagenet() -> keras.Model`
    The encoder of RGB images with ImageNet weights, whose layers have the same names as those of `build`. `imagenet_of`
    asks for it.
`from_torch(name, value) -> (name, value)`
    A weight of the file in which PyTorch users pass the network on: its name here, `<layer>/<variable>`, and its value
    with Keras's axes; the classifier's layer is `logits`. A weight that the network does not have keeps a name that no
    weight has. Where that file's frames are no RGB, the first kernel is turned to RGB. `from_torch_of` asks for it.

Every layer with weights has a name of its own, as `models` demands.
"""

import sys
from collections.abc import Callable
from types import ModuleType

import keras
import numpy as np

from tvnet_keras.choices import load_module


def encoder_module(name: str) -> ModuleType:
    """The module of this folder that `--config.model.backbone` names.

    Raises:
        InputError: there is no such module.
    """
    return load_module(sys.modules[__name__], "backbone", name)


def stage_names(encoder: keras.Model) -> list[str]:
    """The names of an encoder's stages, fine to coarse."""
    return [f"stage{number}" for number in range(1, len(encoder.output) + 1)]


def pooling_of(name: str) -> tuple[str, ...]:
    """How a classifier sums up an encoder's last stage: by its mean, where the module does not say otherwise."""
    return vars(encoder_module(name)).get("POOLING", ("mean",))


def scaling_of(name: str) -> str | None:
    """The range of RGB frames that an encoder's ImageNet weights expect, None without such weights."""
    return vars(encoder_module(name)).get("SCALING")


def imagenet_of(name: str) -> Callable[[], keras.Model] | None:
    """The function that makes the encoder with ImageNet weights, None without such weights."""
    return vars(encoder_module(name)).get("imagenet")


def from_torch_of(name: str) -> Callable[[str, np.ndarray], tuple[str, np.ndarray]] | None:
    """The function that finds the place of a weight of the encoder's PyTorch file, None without one."""
    return vars(encoder_module(name)).get("from_torch")
