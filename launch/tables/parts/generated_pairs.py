"""The generated pairs of the default recipe, as files: rendering them takes longer than reading."""

from pathlib import Path

from tvnet_keras.flow.generated.recipe import Recipe
from tvnet_keras.flow.generated.writer import write_pairs

FOLDER = "generated_pairs"
"""Beside those of the tables' runs."""

DATASET = "flyingchairs"
"""The module of `tvnet_keras.flow.pairs` that reads the files."""


def generated_pairs(weights_dir: Path) -> Path:
    """The folder of the pairs, which are rendered unless they are there.

    Args:
        weights_dir: the folder of what all tables train.
    """
    root = weights_dir / FOLDER
    write_pairs(root, Recipe())
    return root
