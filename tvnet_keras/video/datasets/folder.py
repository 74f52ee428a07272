"""Videos of the user's own, in a folder per class.

Either `root/train/<class>/*` and `root/test/<class>/*` (or `val`, where there is no `test`), or `root/<class>/*`, of
which about one video in five, chosen by a hash of its file name, is for testing: adding or removing files moves no
other file. A deeper video is refused, as either of its folders might be its class; but `<class>/<class>`, which is
left when an archive is unpacked into a folder of its own, counts as one folder.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tvnet_keras.choices import first_few
from tvnet_keras.entries import entries
from tvnet_keras.errors import InputError
from tvnet_keras.video.listing import Video, VideoList, distinct_ids
from tvnet_keras.video.split_files import (
    SUBSET_FOLDERS,
    belongs_to_test,
    require_root,
    require_subset,
    subset_folders,
    videos_below,
)

SPLITS = (1,)


def load(root: str | os.PathLike, *, subset: str, split: int = 1, classes: Sequence[str] = ()) -> VideoList:
    """Loads a list; labels follow the alphabetical order of the class folders.

    Args:
        root: data root.
        subset: "train" or "test".
        split: 1; there is no other.
        classes: names of the classes to keep, in the new label order; empty keeps all.

    Raises:
        InputError: there is no such root or class, no class folder holds videos, or a video lies deeper.
    """
    require_subset(subset, split, SPLITS)
    root = require_root(root)
    divided = subset_folders(root)
    parts = {name: _sort(place) for name, place in (divided or {subset: root}).items()}
    class_names = tuple(sorted({name for part in parts.values() for name, _ in part.videos}))
    _require_classes(root, list(parts.values()), class_names)
    part = parts[subset]
    # Score files are joined by id, so files of the same name are told apart by their class, else by their path.
    ids = distinct_ids(
        [(file.stem, f"{name}/{file.stem}", file.relative_to(part.place).as_posix()) for name, file in part.videos]
    )
    videos = tuple(
        Video(str(file), class_names.index(class_name), video_id)
        for (class_name, file), video_id in zip(part.videos, ids, strict=True)
        if divided or belongs_to_test(file.name) == (subset == "test")
    )
    notes = tuple(_notes(root, divided, list(parts.values()), class_names))
    return VideoList(videos, class_names, notes=notes).restrict(classes)


@dataclass(frozen=True)
class _Part:
    """The videos below a folder, sorted by what is known of their class.

    Attributes:
        place: the folder.
        videos: videos with the name of their class.
        loose: videos in the folder itself, which have no class.
        deep: videos that lie too deep for their class to be known.
    """

    place: Path
    videos: list[tuple[str, Path]]
    loose: list[Path]
    deep: list[Path]


def _sort(place: Path) -> _Part:
    part = _Part(place, [], [], [])
    for video in videos_below(place):
        folders = video.relative_to(place).parts[:-1]
        if not folders:
            part.loose.append(video)
        elif len(set(folders)) == 1:
            part.videos.append((folders[0], video))
        else:
            part.deep.append(video)
    # Sorted by class: the order of the paths would mix classes of which one name begins with the other.
    part.videos.sort()
    return part


def _require_classes(root: Path, parts: list[_Part], class_names: Sequence[str]) -> None:
    deep = [(part.place, video) for part in parts for video in part.deep]
    if deep:
        place, video = deep[0]
        remedy = _right_root(root, [video for _, video in deep]) if not class_names else None
        remedy = remedy or (
            f"move {video.parent} to {place / video.parent.name} if it is a class, or its videos to "
            f"{place / video.relative_to(place).parts[0]} if they are of that class"
        )
        raise InputError(f"{video} lies deeper than <class>/<video>, which leaves its class open; {remedy}.")
    if not class_names:
        loose = [video.name for part in parts for video in part.loose]
        itself = f"{len(loose)} videos itself, such as {loose[0]}, but " if loose else ""
        raise InputError(
            f"{root} holds {itself}no folder with videos in it; it should hold <class>/<video> or "
            "train/<class>/<video> and test/<class>/<video>."
        )


def _right_root(root: Path, deep: Sequence[Path]) -> str | None:
    """The advice to give where all videos lie too deep because the root is too high; None where it is not."""
    places = {video.parent.parent for video in deep}
    words = [word for names in SUBSET_FOLDERS.values() for word in names]
    above = {place.parent if place.name.casefold() in words else place for place in places}
    if above == {root} and len(places) == 1:
        return f"give {places.pop()} as the data root, or put its counterpart, such as {root / 'test'}, beside it"
    return f"give {above.pop()} as the data root" if len(above) == 1 else None


def _notes(root: Path, divided: dict[str, Path], parts: list[_Part], class_names: Sequence[str]) -> list[str]:
    """Sentences about videos and folders that are on no list."""
    notes = []
    words = SUBSET_FOLDERS["test"] if divided else ()
    for path in entries(root):
        if path.name.casefold() in words and path != divided["test"]:
            notes.append(f"{path} is left out, as {divided['test']} holds the test videos.")
    for part in parts:
        if part.loose:
            names = first_few([video.name for video in part.loose])
            notes.append(f"Videos in {part.place} itself, in the folder of no class, are left out: {names}.")
        empty = [path.name for path in entries(part.place) if path.is_dir() and path.name not in class_names]
        if empty:
            notes.append(f"These folders in {part.place} hold no video and are no class: {first_few(empty)}.")
    return notes
