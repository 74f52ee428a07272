"""ResNet-34 (He et al. 2016): 21,797,672 weights with 1000 classes and RGB input."""

import functools

from models.backbones._resnet import build_resnet

build = functools.partial(build_resnet, 34)
