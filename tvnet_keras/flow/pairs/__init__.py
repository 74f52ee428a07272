"""Data sets of image pairs, one per file; adding a file adds a data set.

A module has

`load(root, *, ...) -> tuple[Pair, ...]`
    All pairs of the data set; the keyword-only arguments are its options.

It may also have

`divide(root, pairs, subset) -> tuple[Pair, ...]`
    The pairs of the subset "train" or "test" among all pairs; without it all pairs serve for both. `load_subset` asks
    for it.

Beside the data sets lies `parts`, what they are made from.
"""

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
"""Number of frames of a pair."""


def names() -> tuple[str, ...]:
    """The data sets that exist, in alphabetical order."""
    return module_names(sys.modules[__name__])


def options_of(name: str) -> tuple[str, ...]:
    """The options that `load` takes for a data set.

    Raises:
        InputError: the data set is unknown.
    """
    parameters = inspect.signature(_module(name).load).parameters.values()
    return tuple(parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY)


def load(name: str, root: str | os.PathLike[str], **options: Any) -> tuple[Pair, ...]:
    """Lists the pairs of a data set; their files are read when they are asked for.

    Args:
        name: the name of the data set, such as "middlebury".
        root: the data set's folder.
        **options: options of that data set (`options_of`).

    Raises:
        InputError: the data set or an option is unknown, there are no pairs under `root`, or a file is missing.
    """
    unknown = sorted(set(options) - set(options_of(name)))
    if unknown:
        raise InputError(f"The data set {name!r} has no option {unknown[0]!r}; leave it out.")
    return _module(name).load(root, **options)


def load_subset(name: str, root: str | os.PathLike[str], subset: str, **options: Any) -> tuple[Pair, ...]:
    """Lists the pairs to train on or to test with.

    Args:
        name: the name of the data set.
        root: the data set's folder.
        subset: "train" or "test".
        **options: options of that data set (`options_of`).

    Raises:
        InputError: as in `load`, or the data set's own list leaves no pair for the subset.
    """
    listed = load(name, root, **options)
    divide = vars(_module(name)).get("divide", lambda root, pairs, subset: pairs)
    chosen = divide(root, listed, subset)
    if not chosen:
        raise InputError(f"None of the {len(listed)} pairs of {name} in {root} is for the subset {subset!r}.")
    return chosen


def _module(name: str) -> ModuleType:
    return load_module(sys.modules[__name__], "The data set of image pairs", name)
