"""Data sets of image pairs, one module each; a new module in this folder is a new data set.

A module has `load(root, *, ...) -> tuple[Pair, ...]`; its keyword-only arguments are the options of the data set.

It may also have `divide(root, pairs, subset) -> tuple[Pair, ...]`, which takes the pairs of "train" or "test" out of
all; without it they serve for both. `load_subset` asks for it.
"""

from __future__ import annotations

import inspect
import os
import sys
from types import ModuleType
from typing import Any

from tvnet_keras.choices import load_module, module_names
from tvnet_keras.errors import InputError
from tvnet_keras.flow.pairs.parts.files import open_files
from tvnet_keras.flow.pairs.parts.pair import Pair, read_image

__all__ = ["FRAMES", "Pair", "load", "load_subset", "names", "open_files", "options_of", "read_image"]

FRAMES = 2
"""Of every pair."""


def names() -> tuple[str, ...]:
    """The data sets that exist, in alphabetical order."""
    return module_names(sys.modules[__name__])


def options_of(name: str) -> tuple[str, ...]:
    """The options that `load` takes for a data set.

    Raises:
        InputError: unknown data set; the sentence has the nearest one.
    """
    parameters = inspect.signature(_module(name).load).parameters.values()
    return tuple(parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY)


def load(name: str, root: str | os.PathLike[str], **options: Any) -> tuple[Pair, ...]:
    """Lists the pairs of a data set; their files are read when they are asked for.

    Args:
        name: of the data set, such as "middlebury".
        root: its folder.
        **options: of that data set (`options_of`).

    Raises:
        InputError: unknown data set or option, no pairs under `root`, or a file that is missing.
    """
    unknown = sorted(set(options) - set(options_of(name)))
    if unknown:
        raise InputError(f"The data set {name!r} has no option {unknown[0]!r}; leave it out.")
    return _module(name).load(root, **options)


def load_subset(name: str, root: str | os.PathLike[str], subset: str, **options: Any) -> tuple[Pair, ...]:
    """Lists the pairs to train on or to test with.

    Args:
        name: of the data set.
        root: its folder.
        subset: "train" or "test".
        **options: of that data set.

    Raises:
        InputError: as `load`, or the data set's own list leaves no pair for the subset.
    """
    listed = load(name, root, **options)
    divide = vars(_module(name)).get("divide", lambda root, pairs, subset: pairs)
    chosen = divide(root, listed, subset)
    if not chosen:
        raise InputError(f"None of the {len(listed)} pairs of {name} in {root} is for the subset {subset!r}.")
    return chosen


def _module(name: str) -> ModuleType:
    return load_module(sys.modules[__name__], "The data set of image pairs", name)
