"""Residual networks of images and clips: the network is written once, in `network.py`, its families differ in how they
convolve (`families/`). `ResidualNetwork.stages` offers any of them as an encoder, of images or of clips
`[B, T, H, W, C]`: by stages, fine to coarse, as `models.encoders` describes.
"""
