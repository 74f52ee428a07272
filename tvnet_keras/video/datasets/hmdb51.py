"""HMDB51 (Kuehne et al. 2011): 51 classes, three splits of 70 training and 30 test videos per class.

The official lists are `<class>_test_split<n>.txt`, with a file name and 1 (train), 2 (test) or 0 (unused) in each line,
which ends in a space. Lists are looked for in `splits/`, `testTrainMulti_7030_splits/` (the official folder) and the
root, videos in `videos/<class>/`, `videos_mp4/<class>/` and `<class>/`. A video that was re-encoded to another
extension is found by its base name. Labels follow the alphabetical order of the class names.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from tvnet_keras.entries import matching
from tvnet_keras.errors import InputError
from tvnet_keras.video.listing import VideoList
from tvnet_keras.video.split_files import VideoFinder, find_splits_folder, read_lines, require_root, require_subset

SPLITS = (1, 2, 3)
LIST_FOLDERS = ("splits", "testTrainMulti_7030_splits", ".")
VIDEO_FOLDERS = ("videos", "videos_mp4", ".")
KNOWN_CLASS = "brush_hair"
"""A class that every copy of the lists has, by which their folder is found."""

NAME_ENDING = re.compile(r"_[fhlu]_[cn]m_np\d+_(?:fr|ba|le|ri)_(?:bad|med|goo)_\d+$")
"""The end of an official name: visible parts of the body, moving camera, people, view, quality, number."""

SUBSET_OF_CODE = {"0": None, "1": "train", "2": "test"}
"""The subset that each code of the official lists stands for; None for a video that the split does not use."""


def load(
    root: str | os.PathLike,
    *,
    subset: str,
    split: int = 1,
    classes: Sequence[str] = (),
    splits_dir: str | os.PathLike | None = None,
) -> VideoList:
    """Loads a list.

    Args:
        root: data root.
        subset: "train" or "test".
        split: 1, 2 or 3.
        classes: names of the classes to keep, in the new label order; empty keeps all.
        splits_dir: the folder of the lists, where they are not in the root.

    Raises:
        InputError: there is no such root, list or class, or a list is malformed.
    """
    require_subset(subset, split, SPLITS)
    root = require_root(root)
    ending = f"_test_split{split}.txt"
    folder = find_splits_folder(root, KNOWN_CLASS + ending, LIST_FOLDERS, splits_dir)
    class_names = tuple(sorted(path.name.removesuffix(ending) for path in matching(folder, "*" + ending)))
    entries = [
        (class_name, file_name)
        for class_name in class_names
        for file_name, member_of in _entries(folder / (class_name + ending))
        if member_of == subset
    ]
    return VideoFinder(root, VIDEO_FOLDERS).listed(entries, class_names).restrict(classes)


def recording_of(video_id: str, class_name: str) -> str:
    """The film of a video with an official name, `<film>_<class>_<properties>_<number>`; else the whole id.

    Many films have scenes of several classes.

    Args:
        video_id: id of the video.
        class_name: name of its class.

    Example:
        >>> recording_of("April_09_brush_hair_u_nm_np1_ba_goo_2", "brush_hair")
        'April_09'
    """
    named, found = NAME_ENDING.subn("", video_id)
    return named.removesuffix(f"_{class_name}") if found else video_id


def _entries(path: Path) -> list[tuple[str, str | None]]:
    """The file name and the subset of every line of a list; None for a video that the split does not use."""
    entries = []
    for number, line in read_lines(path):
        fields = line.rsplit(maxsplit=1)
        if len(fields) != 2 or fields[1] not in SUBSET_OF_CODE:
            raise InputError(f"{path}, line {number}: expected 'video.avi' and 0, 1 or 2. Received: {line!r}")
        entries.append((fields[0], SUBSET_OF_CODE[fields[1]]))
    return entries
