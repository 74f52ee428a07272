"""Tiny-Kinetics (Piergiovanni and Ryoo, CVPR 2019): 86,365 training and 7,102 test videos of 150 classes of Kinetics.

The lists are the authors' (`data/kinetics` of their repository), in the root, `annotations/` or `splits/`:
`minikinetics_cls.json`, `{class name: label}`, whose names of several words carry quotes that are not theirs;
`minikinetics_train.json` and `minikinetics_val.json`, `{"rgb_<youtube_id>_<start>_<end>.mp4": label}`. The latter
tests. Videos are anywhere below the root, named `<youtube_id>_<start>_<end>` with or without `rgb_` before it, seconds
padded by zeros or not, any extension.

Classes of your own, in label order, are those asked for or the lines of `classes.txt` in the root. Without the authors'
lists they are taken from Kinetics' own, which `kinetics` describes.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tvnet_keras.errors import InputError
from tvnet_keras.video.datasets import kinetics
from tvnet_keras.video.datasets.kinetics import LIST_FOLDERS, Segment
from tvnet_keras.video.listing import VideoList
from tvnet_keras.video.split_files import read_lines, read_text, require_root, require_subset

SPLITS = kinetics.SPLITS
recording_of = kinetics.recording_of

CLASS_FILE = "classes.txt"
LIST_NAMES = {"train": "minikinetics_train.json", "test": "minikinetics_val.json"}
"""The authors' list of each subset."""

LABEL_FILE = "minikinetics_cls.json"
PREFIX = "rgb_"
"""What the authors' names of files begin with."""

LISTED_NAME = re.compile(rf"{PREFIX}(?P<youtube_id>.+)_(?P<start>\d+)_(?P<end>\d+)\.\w+")


def load(root: str | os.PathLike, *, subset: str, split: int = 1, classes: Sequence[str] = ()) -> VideoList:
    """Loads a list.

    Args:
        root: data root.
        subset: "train", or "test" for the validation list.
        split: 1; there is no other.
        classes: names of the classes to keep, in the new label order; empty takes those in `classes.txt`, or all of the
            authors' lists.

    Raises:
        InputError: there is no such root, list or class, a list is malformed, or the classes are given nowhere.
    """
    require_subset(subset, split, SPLITS)
    root = require_root(root)
    own = root / CLASS_FILE
    classes = classes or ([name for _, name in read_lines(own)] if own.is_file() else ())
    folder = _folder(root)
    if folder is not None:
        class_names = _class_names(folder / LABEL_FILE)
        segments = list(_segments(folder / LIST_NAMES[subset], class_names))
        return kinetics.listed(root, segments, class_names, (PREFIX, "")).restrict(classes)
    if not classes:
        raise InputError(
            f"Tiny-Kinetics needs its authors' lists: put {', '.join((LABEL_FILE, *LIST_NAMES.values()))} into {root}, "
            f"or Kinetics' own lists and the classes in {own}, one per line."
        )
    return kinetics.load(root, subset=subset, split=split, classes=classes)


def _folder(root: Path) -> Path | None:
    """The folder that holds one of the authors' lists, None without one."""
    places = (root / name for name in LIST_FOLDERS)
    return next((place for place in places if any((place / name).is_file() for name in LIST_NAMES.values())), None)


def _class_names(path: Path) -> tuple[str, ...]:
    """The names of the classes in label order, without the quotes that the authors' file has around some of them."""
    labels = {name.strip('"'): label for name, label in _entries(path)}
    if not labels or sorted(labels.values()) != list(range(len(labels))):
        raise InputError(
            f"{path} does not give the labels 0, 1, 2, ... one class each; replace it by the published one."
        )
    return tuple(sorted(labels, key=labels.__getitem__))


def _segments(path: Path, class_names: tuple[str, ...]) -> Iterator[Segment]:
    """The listed pieces."""
    for name, label in _entries(path):
        match = LISTED_NAME.fullmatch(name)
        if match is None or not 0 <= label < len(class_names):
            raise InputError(
                f"{path}: expected {PREFIX}<youtube_id>_<start>_<end>.mp4 and a label below {len(class_names)}. "
                f"Received: {name!r}: {label}"
            )
        yield Segment(match["youtube_id"], int(match["start"]), int(match["end"]), class_names[label])


def _entries(path: Path) -> list[tuple[str, int]]:
    """The names and labels of one of the authors' files, in their order."""
    try:
        content = json.loads(read_text(path), object_pairs_hook=_as_listed)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; put it there, beside the other lists of Tiny-Kinetics.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is no list of Tiny-Kinetics ({error}); replace it by the published one.") from None
    if not isinstance(content, list) or not all(
        isinstance(entry, tuple) and type(entry[1]) is int for entry in content
    ):
        raise InputError(f"{path} is no list of names and labels; replace it by the published one.")
    return content


def _as_listed(pairs: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """The entries of an object, among which one that stands there twice is seen."""
    (name, times), *_ = [*Counter(name for name, _ in pairs).most_common(1), ("", 0)]
    if times > 1:
        raise ValueError(f"{name!r} is in it twice")
    return pairs
