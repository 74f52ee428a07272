"""Families of residual networks, one per file: how they convolve, as a class `Convolutions`.

The network itself is written once, in `_network.py`. A family is `--config.model.backbone=<its file>` of the methods
that can put something between its blocks.
"""
