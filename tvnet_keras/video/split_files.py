"""Finding a data set's official lists, and the video files that they name."""

import codecs
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from tvnet_keras.entries import entries, files_below
from tvnet_keras.errors import InputError
from tvnet_keras.video.listing import Video, VideoList

VIDEO_EXTENSIONS = frozenset(
    {".avi", ".mp4", ".mkv", ".webm", ".mov", ".m4v", ".mpg", ".mpeg", ".wmv", ".flv", ".ogv", ".3gp", ".ts", ".gif"}
)
SUBSETS = ("train", "test")
VALIDATION_FOLDERS = ("val", "valid", "validation")
"""Usual names of a folder of validation videos, in capitals or not, the likeliest first."""

SUBSET_FOLDERS = {"train": ("train", "training"), "test": ("test", "testing", *VALIDATION_FOLDERS)}
"""Usual names of the folders of a divided data set; validation videos are for testing where there are no others."""

TEST_SHARE = 0.2
"""Share of the videos without a list that are for testing."""


def require_root(root: str | os.PathLike) -> Path:
    """The data root as a path.

    Args:
        root: the folder.

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
        InputError: the subset or the split is unknown.
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
        name: the name of a list that must be there.
        folders: the folders to look in, relative to `root`.
        splits_dir: the only folder to look in, where it is given.

    Raises:
        InputError: the list is in none of these folders.
    """
    # The official archives unpack side by side, so the lists may also stand beside the videos' folder.
    beside = [root.resolve().parent / folder for folder in folders if folder != "."]
    places = [Path(splits_dir)] if splits_dir else [root / folder for folder in folders] + beside
    for place in places:
        if (place / name).is_file():
            return place
    looked = ", ".join(str(place) for place in places)
    deeper = next((f" One is in {path.parent}." for path in files_below(root) if path.name == name), "")
    raise InputError(
        f"The split file {name} is in none of these folders: {looked}; put the official lists in one.{deeper}"
    )


def read_lines(path: Path) -> list[tuple[int, str]]:
    """The lines of a list with their numbers from 1, stripped of CR and spaces; empty lines are left out."""
    try:
        text = read_text(path)
    except FileNotFoundError:
        raise InputError(f"The split file {path} does not exist; put the official lists there.") from None
    except OSError as error:
        raise InputError(f"The split file {path} cannot be read ({error.strerror}); check it.") from None
    except UnicodeDecodeError:
        raise InputError(f"The split file {path} is not text; replace it by the official list.") from None
    return [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]


def read_text(path: Path) -> str:
    """The text of a list, without the mark that Windows' editors begin a file with.

    Args:
        path: the file, in UTF-8, or in UTF-16 with such a mark.

    Raises:
        OSError: the file cannot be read.
        UnicodeDecodeError: the file is in another encoding, or no text.
    """
    content = path.read_bytes()
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if wide else "utf-8-sig")


def subset_folders(root: Path) -> dict[str, Path]:
    """The folders of the training and of the test videos, by subset; none where the root does not have both.

    Args:
        root: data root.

    Raises:
        InputError: the root cannot be read.
    """
    found = {subset: _folder_called(names, root) for subset, names in SUBSET_FOLDERS.items()}
    return {subset: place for subset, place in found.items() if place} if all(found.values()) else {}


def validation_folder(root: Path) -> Path | None:
    """The folder of the validation videos; None where the root does not have folders of training and test videos too.

    Args:
        root: data root.

    Raises:
        InputError: the root cannot be read.
    """
    place, divided = _folder_called(VALIDATION_FOLDERS, root), subset_folders(root)
    return place if divided and divided["test"] != place else None


def _folder_called(names: Sequence[str], root: Path) -> Path | None:
    places = {path.name.casefold(): path for path in entries(root) if path.is_dir()}
    return next((places[name] for name in names if name in places), None)


def videos_below(folder: Path) -> list[Path]:
    """The video files at any depth below a folder, in the order of their paths.

    Args:
        folder: the folder; it must be there.

    Raises:
        InputError: a folder cannot be read.
    """
    return [path for path in files_below(folder) if path.suffix.lower() in VIDEO_EXTENSIONS]


class VideoFinder:
    """Finds listed files, each folder being read once.

    The case of letters does not count: the lists of UCF101 themselves write both HandstandPushups and HandStandPushups.
    Nor does a folder within a folder of the same name, which unpacking an archive into a folder of its own leaves.

    Args:
        root: data root.
        folders: folders that may hold the class folders, relative to `root`, the likeliest first.
    """

    def __init__(self, root: Path, folders: Sequence[str]) -> None:
        doubled = [f"{folder}/{folder}" for folder in folders if folder != "."]
        self._places = [root / folder for folder in (*folders, *doubled) if (root / folder).is_dir()]
        self._files = lru_cache(maxsize=None)(_files_by_stem)
        self._folders = lru_cache(maxsize=None)(_folders_by_name)

    def find(self, class_name: str, file_name: str) -> tuple[str, bool]:
        """Where a listed file is.

        Args:
            class_name: the name of the class, and of its folder.
            file_name: the official name; a file of the same name with another video extension is accepted.

        Returns:
            The path and True, or the path at which the file should be and False.
        """
        stem = Path(file_name).stem
        for folder in self._candidates(class_name):
            found = self._files(folder).get(stem.casefold(), ())
            if found:
                nearest = min(found, key=lambda path: (path.name != file_name, path.stem != stem, path.name))
                return str(nearest), True
        return str(self._places[0] / class_name / file_name), False

    def listed(self, files: Iterable[tuple[str, str]], class_names: tuple[str, ...]) -> VideoList:
        """The videos of a list whose labels survive mirroring.

        Args:
            files: the name of the class and of the file of every video, in list order.
            class_names: the names of the classes, in label order.
        """
        labels = {name: label for label, name in enumerate(class_names)}
        videos, missing, order = [], [], []
        for class_name, file_name in files:
            path, present = self.find(class_name, file_name)
            video = Video(path, labels[class_name], Path(file_name).stem)
            (videos if present else missing).append(video)
            order.append(video.video_id)
        return VideoList(tuple(videos), class_names, "keep", tuple(missing), order=tuple(order))

    def _candidates(self, class_name: str) -> Iterator[Path]:
        """Folders that may hold a class, those of exactly its name first."""
        for place in self._places:
            named = self._folders(place).get(class_name.casefold(), ())
            for folder in sorted(named, key=lambda path: (path.name != class_name, path.name)):
                yield folder
                yield from self._folders(folder).get(class_name.casefold(), ())


def _folders_by_name(place: Path) -> dict[str, list[Path]]:
    folders: dict[str, list[Path]] = {}
    for path in entries(place):
        if path.is_dir():
            folders.setdefault(path.name.casefold(), []).append(path)
    return folders


def _files_by_stem(folder: Path) -> dict[str, list[Path]]:
    files: dict[str, list[Path]] = {}
    for path in entries(folder):
        if path.suffix.lower() in VIDEO_EXTENSIONS:
            files.setdefault(path.stem.casefold(), []).append(path)
    return files


def found_elsewhere(root: Path, missing: Sequence[Video]) -> Path | None:
    """A file below the root that has the name of a missing one, so that it lies in the wrong folder; None without one.

    Args:
        root: data root.
        missing: listed videos that are not where they should be.
    """
    names = {Path(video.path).stem.casefold() for video in missing}
    return next((path for path in videos_below(root) if path.stem.casefold() in names), None)


def belongs_to_test(file_name: str) -> bool:
    """Whether a file without a list is for testing: about one in five, by a hash of its name.

    Adding or removing files moves no other one.

    Args:
        file_name: the name of the file, without its folder.
    """
    digest = hashlib.sha256(file_name.encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:4], "big") < TEST_SHARE * 2**32
