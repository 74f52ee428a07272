"""The content of folders, without the files that systems and programs leave in them.

Every reader of folders asks here, so that what is no class in one place is no frame, list or pair in another.
"""

import os
from collections.abc import Iterator
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
"""Names, in lower case, of the folders that archives, drives and network storage make. Names that begin with a dot are
hidden anyway."""


def is_entry(name: str) -> bool:
    """Whether a file or folder of this name may be a user's: neither hidden nor a system's.

    Args:
        name: the name, without its folder.

    Example:
        >>> [name for name in ("run", ".ipynb_checkpoints", "@eaDir", "._a.mp4") if is_entry(name)]
        ['run']
    """
    return not name.startswith(".") and name.casefold() not in SYSTEM_NAMES


def entries(folder: str | os.PathLike[str]) -> list[Path]:
    """The files and folders in a folder, in the order of their names.

    Args:
        folder: the folder; it must be there.

    Raises:
        InputError: the folder cannot be read.
    """
    return [Path(entry.path) for entry in _scan(folder)]


def below(folder: str | os.PathLike[str]) -> list[Path]:
    """Everything below a folder, including folders, in the order of the paths; links are followed.

    Args:
        folder: the folder; it must be there.

    Raises:
        InputError: a folder cannot be read.
    """
    return [path for path, _ in _walk(folder, (os.path.realpath(folder),))]


def files_below(folder: str | os.PathLike[str]) -> list[Path]:
    """Everything below a folder that is no folder itself, in the order of the paths; links are followed.

    Args:
        folder: the folder; it must be there.

    Raises:
        InputError: a folder cannot be read.
    """
    return [path for path, is_folder in _walk(folder, (os.path.realpath(folder),)) if not is_folder]


def matching(folder: str | os.PathLike[str], pattern: str) -> list[Path]:
    """The paths that fit a pattern, in alphabetical order; no part of them is hidden or a system's.

    Args:
        folder: the folder in which the pattern begins.
        pattern: a pattern for `Path.glob`.
    """
    found = sorted(Path(folder).glob(pattern))
    return [path for path in found if all(map(is_entry, path.relative_to(folder).parts))]


def _walk(folder: str | os.PathLike[str], above: tuple[str, ...]) -> Iterator[tuple[Path, bool]]:
    """Every path below a folder and whether it is a folder; `above` are the folders that lead there."""
    for entry in _scan(folder):
        is_folder = _is_folder(entry)
        yield Path(entry.path), is_folder
        # A link to a folder above would never end.
        if is_folder and (place := os.path.realpath(entry.path)) not in above:
            yield from _walk(entry.path, (*above, place))


def _scan(folder: str | os.PathLike[str]) -> list[os.DirEntry]:
    try:
        with os.scandir(folder) as found:
            return sorted((entry for entry in found if is_entry(entry.name)), key=lambda entry: entry.name)
    except OSError as error:
        raise InputError(f"The folder {folder} cannot be read ({error.strerror}); check it or take it away.") from error


def _is_folder(entry: os.DirEntry) -> bool:
    # A link that leads to itself raises where a dangling one does not.
    return os.path.isdir(entry.path) if entry.is_symlink() else entry.is_dir()
