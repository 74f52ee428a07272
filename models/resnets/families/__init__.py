"""Families of residual networks, one per file: how they convolve, as a class `Convolutions`.

A family is `--config.model.backbone=<its file>` of the methods that can put something between its blocks, and of
`--method=rgb`.
"""
