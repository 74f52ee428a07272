"""Residual networks of images and of clips.

The network is written once, in `network`; its families (`families`) differ in how they convolve.
`ResidualNetwork.stages` offers a network of any family as an encoder of images, or of clips `[B, T, H, W, C]`, by
stages, fine to coarse, as `models.encoders` describes.
"""
