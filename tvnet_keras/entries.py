"""What a folder holds, without what systems and programs leave in it.

Every reader of folders asks here, so that what is no class in one place is no frame, list or pair in another.
"""

from __future__ import annotations

import os
from pathlib import Path

from tvnet_keras.errors import InputError

SYSTEM_NAMES = frozenset(
    {
        "__macosx",
        "@eadir",
        "@tmp",
        "@recycle",
        "@recently-snapshot",
        "#recycle",
        "#snapshot",
        "$recycle.bin",
        "recycler",
        "system volume information",
        "lost+found",
    }
)
"""Folders of archives, drives and network storage, in lower case; names that begin with a dot are not listed."""


def is_entry(name: str) -> bool:
    """Whether a file or folder of this name may be a user's: neither hidden nor a system's.

    Args:
        name: without its folder.

    Example:
        >>> [name for name in ("run", ".ipynb_checkpoints", "@eaDir", "._a.mp4") if is_entry(name)]
        ['run']
    """
    return not name.startswith(".") and name.casefold() not in SYSTEM_NAMES


def entries(folder: str | os.PathLike[str]) -> list[Path]:
    """What a folder holds, in the order of the names.

    Args:
        folder: must be there.

    Raises:
        InputError: it cannot be read.
    """
    return [Path(entry.path) for entry in _scan(folder)]


def files_below(folder: str | os.PathLike[str]) -> list[Path]:
    """Everything below a folder that is no folder itself, in the order of the paths; links are followed.

    Args:
        folder: must be there.

    Raises:
        InputError: a folder cannot be read.
    """
    return _files_below(folder, (os.path.realpath(folder),))


def matching(folder: str | os.PathLike[str], pattern: str) -> list[Path]:
    """The paths that fit a pattern, in their order; no part of them is hidden or a system's.

    Args:
        folder: where the pattern begins.
        pattern: as `Path.glob` takes it.
    """
    found = sorted(Path(folder).glob(pattern))
    return [path for path in found if all(map(is_entry, path.relative_to(folder).parts))]


def _files_below(folder: str | os.PathLike[str], above: tuple[str, ...]) -> list[Path]:
    files = []
    for entry in _scan(folder):
        if not _is_folder(entry):
            files.append(Path(entry.path))
            continue
        place = os.path.realpath(entry.path)
        # A link to a folder above would never end.
        if place not in above:
            files += _files_below(entry.path, (*above, place))
    return files


def _scan(folder: str | os.PathLike[str]) -> list[os.DirEntry]:
    try:
        with os.scandir(folder) as found:
            return sorted((entry for entry in found if is_entry(entry.name)), key=lambda entry: entry.name)
    except OSError as error:
        raise InputError(f"The folder {folder} cannot be read ({error.strerror}); check it or take it away.") from error


def _is_folder(entry: os.DirEntry) -> bool:
    # A link that leads to itself raises where a dangling one does not.
    return os.path.isdir(entry.path) if entry.is_symlink() else entry.is_dir()
