"""Data sets, one module each; a new module in this folder is a new data set.

A module has `SPLITS`, the split numbers that exist, and
`load(root, *, subset, split, classes) -> VideoList`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from types import ModuleType

from tvnet_keras.choices import load_module, module_names
from tvnet_keras.video.listing import VideoList


def names() -> tuple[str, ...]:
    """The data sets that exist, in alphabetical order."""
    return module_names(sys.modules[__name__])


def module(name: str) -> ModuleType:
    """The module of a data set.

    Args:
        name: of the data set.

    Raises:
        InputError: unknown name; the message has the nearest one.
    """
    return load_module(sys.modules[__name__], "The data set", name)


def load(
    name: str, root: str | os.PathLike, *, subset: str, split: int = 1, classes: Sequence[str] = (), **options
) -> VideoList:
    """Loads a data set's training or test list.

    Args:
        name: of the data set, such as "ucf101".
        root: its folder.
        subset: "train" or "test".
        split: which of its splits.
        classes: keep these classes only, in this label order; empty keeps all.
        **options: of that data set's module, such as `splits_dir`.

    Raises:
        InputError: unknown data set, root, subset, split or class, or a list that is missing or malformed.
    """
    return module(name).load(root, subset=subset, split=split, classes=classes, **options)
