"""The tiny data set and the tiny runs of the launchers' tests."""

from tests.launch.conftest import overrides, shapes, tiny

__all__ = ["overrides", "shapes", "tiny"]
