"""ResNet-18 (He et al. 2016): 11,689,512 weights with 1000 classes and RGB input."""

import functools

from .parts.resnet import SCALING, STRIDES, build_resnet

__all__ = ["SCALING", "STRIDES", "build"]

build = functools.partial(build_resnet, 18)
