"""One's own videos: a folder per class.

Either `root/train/<class>/*` and `root/test/<class>/*`, or `root/<class>/*`, of which about one video in five,
chosen by a hash of its file name, is for testing: adding or removing files moves no other file.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tvnet_keras.errors import InputError
from tvnet_keras.video.listing import Video, VideoList
from tvnet_keras.video.split_files import SUBSETS, VIDEO_EXTENSIONS, belongs_to_test, require_root, require_subset

SPLITS = (1,)


def load(root: str | os.PathLike, *, subset: str, split: int = 1, classes: Sequence[str] = ()) -> VideoList:
    """Loads a list; labels follow the alphabetical order of the class folders.

    Args:
        root: data root.
        subset: "train" or "test".
        split: 1, there is no other.
        classes: keep these classes only, in this label order; empty keeps all.

    Raises:
        InputError: no such root or class, or no class folder with videos in it.
    """
    require_subset(subset, split, SPLITS)
    root = require_root(root)
    divided = all((root / name).is_dir() for name in SUBSETS)
    roots = [root / name for name in SUBSETS] if divided else [root]
    class_names = tuple(sorted({place.name for folder in roots for place in folder.iterdir() if _videos(place)}))
    if not class_names:
        raise InputError(
            f"{root} has no folder with videos in it; it should hold <class>/<video> or train/<class>/<video> and "
            "test/<class>/<video>."
        )
    folder = root / subset if divided else root
    files = [file for class_name in class_names for file in _videos(folder / class_name)]
    # Score files are joined by id, so files of the same name in two classes are told apart by their class.
    uses = Counter(file.stem for file in files)
    videos = tuple(
        Video(
            str(file),
            class_names.index(file.parent.name),
            file.stem if uses[file.stem] == 1 else f"{file.parent.name}/{file.stem}",
        )
        for file in files
        if divided or belongs_to_test(file.name) == (subset == "test")
    )
    return VideoList(videos, class_names).restrict(classes)


def _videos(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(file for file in folder.iterdir() if file.suffix.lower() in VIDEO_EXTENSIONS)
