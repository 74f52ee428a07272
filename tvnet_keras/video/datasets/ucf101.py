"""UCF101 (Soomro et al. 2012): 101 classes, 13320 videos, three splits.

The official lists have CRLF line ends, and the test lists have no label column. Lists are looked for in the root,
`splits/` and `ucfTrainTestlist/` (the official folder), videos in `UCF-101/<Class>/` (the official folder),
`videos/<Class>/` and `<Class>/`. A video that was re-encoded to another extension is found by its base name; the case
of letters does not count.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from tvnet_keras.errors import InputError
from tvnet_keras.video.listing import VideoList
from tvnet_keras.video.split_files import VideoFinder, find_splits_folder, read_lines, require_root, require_subset

SPLITS = (1, 2, 3)
LIST_FOLDERS = (".", "splits", "ucfTrainTestlist")
VIDEO_FOLDERS = ("UCF-101", "videos", ".")
LIST_LINE = re.compile(r"(?P<class_name>[^/]+)/(?P<file_name>.+?)(?:\s+(?P<number>\d+))?$")
VIDEO_ID = re.compile(r"(?P<recording>v_.+_g\d+)_c\d+")
"""The official names: those of one class and group are cut from one recording."""


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
    folder = find_splits_folder(root, "classInd.txt", LIST_FOLDERS, splits_dir)
    class_names = read_class_names(folder / "classInd.txt")
    entries = _entries(folder / f"{subset}list{split:02d}.txt", class_names)
    return VideoFinder(root, VIDEO_FOLDERS).listed(entries, class_names).restrict(classes)


def recording_of(video_id: str, class_name: str) -> str:
    """The class and the group of a video with an official name, `v_<Class>_g<group>_c<clip>`; else the whole id.

    Args:
        video_id: id of the video.
        class_name: name of its class, which does not matter here.

    Example:
        >>> recording_of("v_Archery_g08_c02", "Archery")
        'v_archery_g08'
    """
    match = VIDEO_ID.fullmatch(video_id)
    # Copies of the lists differ in how they write HandstandPushups.
    return match["recording"].casefold() if match else video_id


def read_class_names(path: Path) -> tuple[str, ...]:
    """Reads `classInd.txt`: a number from 1 and a name per line.

    Args:
        path: the file.

    Returns:
        The names in label order.

    Raises:
        InputError: the file is missing or malformed.
    """
    names = []
    for number, line in read_lines(path):
        fields = line.split()
        if len(fields) != 2 or fields[0] != str(len(names) + 1):
            raise InputError(f"{path}, line {number}: expected '{len(names) + 1} ClassName'. Received: {line!r}")
        names.append(fields[1])
    if not names:
        raise InputError(f"{path} names no class; replace it by the official list.")
    return tuple(names)


def _entries(path: Path, class_names: tuple[str, ...]) -> list[tuple[str, str]]:
    """The class and the file name of every line of a list."""
    entries = []
    # Copies of the lists differ in how they write HandstandPushups.
    official = {name.casefold(): name for name in class_names}
    for number, line in read_lines(path):
        match = LIST_LINE.match(line)
        class_name = None if match is None else official.get(match["class_name"].casefold())
        if match is None or class_name is None:
            raise InputError(
                f"{path}, line {number}: expected 'ClassName/video.avi' or that and a label of "
                f"classInd.txt. Received: {line!r}"
            )
        expected = class_names.index(class_name) + 1
        if match["number"] is not None and int(match["number"]) != expected:
            raise InputError(
                f"{path}, line {number}: {class_name} is number {expected} in classInd.txt. Received: {line!r}"
            )
        entries.append((class_name, match["file_name"]))
    return entries
