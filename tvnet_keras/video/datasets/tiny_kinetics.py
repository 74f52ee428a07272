"""Tiny-Kinetics (Piergiovanni and Ryoo, CVPR 2019): about 100,000 videos of 150 classes of Kinetics.

Which classes they took is not published, so the list is the user's: `classes.txt` in the root, one class per line in
label order, or the classes asked for. Everything else is as in `kinetics`.
"""

import os
from collections.abc import Sequence

from tvnet_keras.errors import InputError
from tvnet_keras.video.datasets import kinetics
from tvnet_keras.video.listing import VideoList
from tvnet_keras.video.split_files import read_lines, require_root, require_subset

SPLITS = kinetics.SPLITS
recording_of = kinetics.recording_of
CLASS_FILE = "classes.txt"


def load(root: str | os.PathLike, *, subset: str, split: int = 1, classes: Sequence[str] = ()) -> VideoList:
    """Loads a list.

    Args:
        root: data root.
        subset: "train", or "test" for the validation list.
        split: 1; there is no other.
        classes: names of the classes, in label order; empty takes those in `classes.txt`.

    Raises:
        InputError: there is no such root, list or class, a list is malformed, or the classes are given nowhere.
    """
    require_subset(subset, split, SPLITS)
    path = require_root(root) / CLASS_FILE
    if not classes and not path.is_file():
        raise InputError(
            f"Tiny-Kinetics needs its classes, which its authors did not publish: list them in {path}, one per line."
        )
    return kinetics.load(root, subset=subset, split=split, classes=classes or [name for _, name in read_lines(path)])
