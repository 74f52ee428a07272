"""Families of residual networks, one per file; adding a file adds `--config.model.backbone=<its name>`.

A module has a class `Convolutions`, a `models.resnets.convolutions.ConvolutionMaker`: how the family convolves. Methods
that put something between the blocks of a network take these backbones, and so does `--method=rgb`.
"""
