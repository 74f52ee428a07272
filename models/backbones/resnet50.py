"""ResNet-50 (He et al. 2016): 25,557,032 weights with 1000 classes and RGB input."""

import functools

from models.backbones._resnet import build_resnet

build = functools.partial(build_resnet, 50)
