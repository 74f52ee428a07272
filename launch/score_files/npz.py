"""Scores as `launch.evaluate` and `launch.fuse` write them."""

from collections.abc import Callable
from pathlib import Path

from launch.score_files import TestList
from tvnet_keras.scoring.scores import Scores, load_scores


def matches(path: Path) -> bool:
    """Whether the file's name ends in `.npz`."""
    return path.suffix == ".npz"


def read(path: Path, official: Callable[[], TestList]) -> Scores:
    """The scores; they have names of their own."""
    del official
    return load_scores(path)
