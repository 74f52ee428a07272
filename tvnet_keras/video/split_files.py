"""Finding what a data set's official lists name: the lists themselves and the video files on the disk."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from tvnet_keras.errors import InputError

VIDEO_EXTENSIONS = frozenset(
    {".avi", ".mp4", ".mkv", ".webm", ".mov", ".m4v", ".mpg", ".mpeg", ".wmv", ".flv", ".ogv", ".3gp", ".ts", ".gif"}
)
SUBSETS = ("train", "test")
TEST_SHARE = 0.2


def require_root(root: str | os.PathLike) -> Path:
    """The data root as a path.

    Args:
        root: folder.

    Raises:
        InputError: there is no such folder.
    """
    folder = Path(root)
    if not folder.is_dir():
        raise InputError(f"The data root {str(root)!r} is no folder; give the data set's folder.")
    return folder


def require_subset(subset: str, split: int, splits: Sequence[int]) -> None:
    """Refuses a list that the data set does not have.

    Args:
        subset: "train" or "test".
        split: number of the split.
        splits: the numbers that exist.

    Raises:
        InputError: either is unknown.
    """
    if subset not in SUBSETS:
        raise InputError(f"The subset must be train or test. Received: subset={subset!r}")
    if split not in splits:
        raise InputError(f"The split must be {' or '.join(map(str, splits))}. Received: split={split}")


def find_splits_folder(
    root: Path, name: str, folders: Sequence[str], splits_dir: str | os.PathLike | None = None
) -> Path:
    """The folder that holds a data set's lists.

    Args:
        root: data root.
        name: of a list that must be there.
        folders: where to look, relative to `root`.
        splits_dir: the only place to look, where given.

    Raises:
        InputError: the list is in none of them.
    """
    # The official archives unpack side by side, so the lists may also stand beside the videos' folder.
    beside = [root.resolve().parent / folder for folder in folders if folder != "."]
    places = [Path(splits_dir)] if splits_dir else [root / folder for folder in folders] + beside
    for place in places:
        if (place / name).is_file():
            return place
    looked = ", ".join(str(place) for place in places)
    raise InputError(f"The split file {name} is in none of these folders: {looked}; put the official lists in one.")


def read_lines(path: Path) -> list[tuple[int, str]]:
    """The lines of a list with their numbers from 1, stripped of CR and spaces; empty lines are left out."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"The split file {path} does not exist; put the official lists there.") from None
    except UnicodeDecodeError:
        raise InputError(f"The split file {path} is not text; replace it by the official list.") from None
    return [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]


class VideoFinder:
    """Finds listed files, each class folder being read once.

    Args:
        root: data root.
        folders: where the class folders may be, relative to `root`, the likeliest first.
    """

    def __init__(self, root: Path, folders: Sequence[str]):
        self._places = [root / folder for folder in folders if (root / folder).is_dir()]
        self._files = lru_cache(maxsize=None)(_files_by_stem)

    def find(self, class_name: str, file_name: str) -> tuple[str, bool]:
        """Where a listed file is.

        Args:
            class_name: of its folder.
            file_name: official name; the same name with another video extension (re-encoded) is accepted.

        Returns:
            The path and True, or the path at which it should be and False.
        """
        stem = Path(file_name).stem
        for place in self._places:
            found = self._files(place / class_name).get(stem, ())
            if found:
                return str(place / class_name / (file_name if file_name in found else min(found))), True
        return str(self._places[0] / class_name / file_name), False


def _files_by_stem(folder: Path) -> dict[str, set[str]]:
    files: dict[str, set[str]] = {}
    if folder.is_dir():
        for name in os.listdir(folder):
            stem, extension = os.path.splitext(name)
            if extension.lower() in VIDEO_EXTENSIONS:
                files.setdefault(stem, set()).add(name)
    return files


def belongs_to_test(file_name: str) -> bool:
    """Whether a file without a list is for testing: about one in five, by a hash of its name.

    Adding or removing files moves no other one.

    Args:
        file_name: without its folder.
    """
    digest = hashlib.sha256(file_name.encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:4], "big") < TEST_SHARE * 2**32
