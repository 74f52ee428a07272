"""Data sets, one module each; a new module in this folder is a new data set.

A module has `SPLITS`, the split numbers that exist, and
`load(root, *, subset, split, classes) -> VideoList`, whose `class_names` are empty where the videos have no labels.

It may also have
`exact_flow(path) -> [N - 1, H, W, 2]`, the exact flow of every step of a video (pixels), and
`flip_of(class_names) -> Flip`, what mirroring does to the labels of these classes, for videos that are on no list;
without it labels survive mirroring.
`exact_flow_of` and `flip_of` ask for either.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from tvnet_keras.choices import load_module, module_names
from tvnet_keras.video.listing import Flip, VideoList


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
    name: str, root: str | os.PathLike, *, subset: str, split: int = 1, classes: Sequence[str] = (), **options: Any
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


def exact_flow_of(name: str) -> Callable[[str], np.ndarray] | None:
    """What reads the exact flow of a data set's videos, None where it has none.

    Args:
        name: of the data set.

    Raises:
        InputError: unknown data set.
    """
    return vars(module(name)).get("exact_flow")


def flip_of(name: str, class_names: Sequence[str]) -> Flip:
    """What mirroring does to the labels of these classes of a data set, as in `VideoList`.

    Args:
        name: of the data set.
        class_names: in label order.

    Raises:
        InputError: unknown data set.
    """
    return vars(module(name)).get("flip_of", lambda _: "keep")(class_names)
