"""Where an export is written: its folder is replaced as a whole, in one step, and only if it holds an export."""

import contextlib
import ctypes
import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import tensorflow as tf

from launch.exporters.savedmodel import MODEL_FILE
from tvnet_keras.errors import InputError

CLASSES_FILE = "classes.txt"
RECORD_FILE = "export.json"

AT_FDCWD, RENAME_EXCHANGE = -100, 2
"""Arguments of Linux's `renameat2`, which Python does not have."""


@contextlib.contextmanager
def naming(folder: Path) -> Iterator[None]:
    """A context in which an error of writing becomes a sentence that names the flag."""
    try:
        yield
    except (OSError, tf.errors.OpError) as error:
        raise InputError(
            f"--output_dir={folder} cannot be written: {_reason(error)}; choose another place or free it."
        ) from error


def replaceable(folder: Path, files: Sequence[str]) -> Path:
    """Where a folder really is.

    Args:
        folder: as the user names it.
        files: names of the files and folders that exports write.

    Raises:
        InputError: something other than an earlier export is there, or the folder cannot be read.
    """
    try:
        target = folder.resolve()
        held = {path.name for path in target.iterdir()} if target.is_dir() else set()
    except (OSError, RuntimeError) as error:  # Python's own for links in a circle is a RuntimeError.
        raise InputError(f"--output_dir={folder} cannot be read: {_reason(error)}.") from error
    here = Path.cwd()
    if target in (here, *here.parents):
        raise InputError(
            f"--output_dir={folder} is a folder that this command runs in, and an export replaces its folder as a "
            "whole; name one of its own, such as --output_dir=export."
        )
    foreign = held - {*files, CLASSES_FILE, RECORD_FILE}
    if (target.exists() and not target.is_dir()) or foreign or (held and not _is_export(target)):
        raise InputError(f"--output_dir={folder} holds something else than an export; choose another folder.")
    return target


def _is_export(folder: Path) -> bool:
    """Whether a folder holds an export, of an earlier version or with the record of one."""
    if (folder / MODEL_FILE).is_file():
        return True
    try:
        return "formats" in json.loads((folder / RECORD_FILE).read_bytes())
    except (OSError, ValueError, TypeError):
        return False


def _reason(error: Exception) -> str:
    if isinstance(error, tf.errors.OpError):
        # "{{node}} file; reason [Op:name]"
        # A type checker knows nothing of TensorFlow's errors.
        return error.message.rpartition("; ")[2].partition(" [Op:")[0]  # pyright: ignore[reportAttributeAccessIssue]
    return getattr(error, "strerror", None) or str(error)


@contextlib.contextmanager
def replacing(folder: Path, target: Path) -> Iterator[Path]:
    """A context with an empty folder beside `target`, which takes its place if nothing is raised, and else goes.

    Args:
        folder: as the user names it.
        target: where it really is.

    Raises:
        InputError: one of them cannot be written.
    """
    # The name is cut, as it could be too long where the target's own is not.
    partial = target.with_name(f".partial.{target.name[-40:]}")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        with naming(folder):
            partial.mkdir(parents=True)
        yield partial
        with naming(folder):
            _replace(target, partial)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _replace(folder: Path, successor: Path) -> None:
    """Puts `successor` in the place of `folder`, which stays whole if that fails.

    An earlier export is at `successor` afterwards, or gone.
    """
    if not folder.exists():
        successor.rename(folder)
    elif not _exchange(folder, successor):
        # Where the system cannot exchange folders, none is there for a moment.
        aside = folder.with_name(f".replaced.{folder.name[-40:]}")
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)
        try:
            successor.rename(folder)
        except OSError:
            aside.rename(folder)
            raise
        shutil.rmtree(aside, ignore_errors=True)


def _exchange(first: Path, second: Path) -> bool:
    """Lets two folders change places in one step, so that a reader always finds one.

    Returns:
        Whether the system could do so.
    """
    renameat2 = getattr(ctypes.CDLL(None), "renameat2", None) if sys.platform == "linux" else None
    if renameat2 is None:
        return False
    return renameat2(AT_FDCWD, os.fsencode(first), AT_FDCWD, os.fsencode(second), RENAME_EXCHANGE) == 0
