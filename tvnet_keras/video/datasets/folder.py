"""Videos of the user's own, in a folder per class.

Either `root/train/<class>/*` and `root/test/<class>/*` (or `val`, where there is no `test`), or `root/<class>/*`, of
which about one video in five, chosen by a hash of its file name, is for testing: adding or removing files moves no
other file. With a `group`, it is a fifth of the recordings of every class. Where there are `train`, `val` and `test`,
`val` is the validation list. A deeper video is refused, as either of its folders might be its class; but
`<class>/<class>`, which is left when an archive is unpacked into a folder of its own, counts as one folder.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tvnet_keras.choices import first_few
from tvnet_keras.entries import entries
from tvnet_keras.errors import InputError
from tvnet_keras.video.holdout import own_part
from tvnet_keras.video.listing import Video, VideoList, distinct_ids
from tvnet_keras.video.split_files import (
    SUBSET_FOLDERS,
    require_root,
    require_subset,
    subset_folders,
    validation_folder,
    videos_below,
)

SPLITS = (1,)


def load(
    root: str | os.PathLike, *, subset: str, split: int = 1, classes: Sequence[str] = (), group: str = ""
) -> VideoList:
    """Loads a list; labels follow the alphabetical order of the class folders.

    Args:
        root: data root.
        subset: "train" or "test".
        split: 1; there is no other.
        classes: names of the classes to keep, in the new label order; empty keeps all.
        group: pattern of `tvnet_keras.video.holdout.recordings_by` that names the recording of a video, for a root that
            is not divided; empty takes every video for itself.

    Raises:
        InputError: there is no such root or class, no class folder holds videos, a video lies deeper, or the pattern is
            none.
    """
    require_subset(subset, split, SPLITS)
    root = require_root(root)
    divided = subset_folders(root)
    parts = {name: _sort(place) for name, place in (divided or {subset: root}).items()}
    class_names = _class_names(root, list(parts.values()))
    notes = _notes(root, divided, list(parts.values()), class_names)
    videos = _listed(parts[subset], class_names, notes)
    return (videos if divided else own_part(videos, subset, group)).restrict(classes)


def validation_list(root: str | os.PathLike, *, classes: Sequence[str] = ()) -> VideoList | None:
    """The list of `root/val`, where there are `root/train` and `root/test`, too; None elsewhere.

    Args:
        root: data root.
        classes: names of the classes to keep, in the new label order; empty keeps all.

    Raises:
        InputError: there is no such root or class, a video lies deeper, or `val` has a class that the others lack.
    """
    root = require_root(root)
    place, divided = validation_folder(root), subset_folders(root)
    if place is None:
        return None
    others, part = [_sort(folder) for folder in divided.values()], _sort(place)
    class_names = _class_names(root, others)
    unknown = sorted({name for name, _ in part.videos} - set(class_names))
    if unknown:
        raise InputError(
            f"{place / unknown[0]} is of a class that neither {divided['train']} nor {divided['test']} has; name its "
            "folder as it is called there, or take it away."
        )
    parts = [*others, part]
    _class_names(root, parts)
    return _listed(part, class_names, _notes(root, divided, parts, class_names)).restrict(classes)


def _class_names(root: Path, parts: Sequence["_Part"]) -> tuple[str, ...]:
    """The classes of all parts; refuses parts that leave them open."""
    class_names = tuple(sorted({name for part in parts for name, _ in part.videos}))
    _require_classes(root, parts, class_names)
    return class_names


def _listed(part: "_Part", class_names: tuple[str, ...], notes: Sequence[str]) -> VideoList:
    # Score files are joined by id, so files of the same name are told apart by their class, else by their path.
    ids = distinct_ids(
        [(file.stem, f"{name}/{file.stem}", file.relative_to(part.place).as_posix()) for name, file in part.videos]
    )
    videos = tuple(
        Video(str(file), class_names.index(class_name), video_id)
        for (class_name, file), video_id in zip(part.videos, ids, strict=True)
    )
    return VideoList(videos, class_names, notes=tuple(notes))


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


def _require_classes(root: Path, parts: Sequence[_Part], class_names: Sequence[str]) -> None:
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


def _notes(root: Path, divided: dict[str, Path], parts: Sequence[_Part], class_names: Sequence[str]) -> list[str]:
    """Sentences about videos and folders that are on no list."""
    notes = []
    words = SUBSET_FOLDERS["test"] if divided else ()
    places = [part.place for part in parts]
    for path in entries(root):
        if path.name.casefold() in words and path not in places:
            unless = " unless for validation" if path == validation_folder(root) else ""
            notes.append(f"{path} is left out{unless}, as {divided['test']} holds the test videos.")
    for part in parts:
        if part.loose:
            names = first_few([video.name for video in part.loose])
            notes.append(f"Videos in {part.place} itself, in the folder of no class, are left out: {names}.")
        empty = [path.name for path in entries(part.place) if path.is_dir() and path.name not in class_names]
        if empty:
            notes.append(f"These folders in {part.place} hold no video and are no class: {first_few(empty)}.")
    return notes
