"""Families of residual networks, one per file: how they convolve, as a class `Convolutions`.

The network itself is written once, in `_network.py`. A family is `--config.model.backbone=<its file>` of the methods
that can put something between its blocks, and of `--method=rgb`. `ResidualNetwork.stages` offers any of them as an
encoder, of images or of clips `[B, T, H, W, C]`: by stages, fine to coarse, as `models.encoders` describes.
"""
