"""Writing a file so that its final name never holds half of it."""

import errno
import functools
import itertools
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tvnet_keras.errors import InputError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Errors of a full disk: a write that fails with one of them does not say to which file."""

_KEPT_OF_NAME = 40

# A drive may be shared between machines, whose processes have the same numbers.
_PREFIX = f".partial.{platform.node().replace('.', '-')}."
_calls = itertools.count()


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A context with a temporary path beside `path`: on success it is moved there in one step, on failure removed.

    Parent folders are made. The temporary name is hidden, and another one in every call, so that writers of one file
    do not disturb each other: the last to finish wins. It is `.partial.MACHINE.PROCESS.CALL.NAME`, with the end of a
    long NAME, so that writers that go by a file's ending (`.weights.h5`) still work. Files that killed processes of
    this machine left in the folder are removed when a process first writes there.

    Args:
        path: the finished file.

    Yields:
        The temporary path.

    Raises:
        InputError: the folder or the file cannot be written. Other errors of the block pass as they are.
    """
    path = Path(path)
    # With the whole name it could be longer than a file system allows, where the name itself is not.
    partial = path.with_name(f"{_PREFIX}{os.getpid()}.{next(_calls)}.{path.name[-_KEPT_OF_NAME:]}")
    in_block = False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(path.parent.resolve(), os.getpid())
        in_block = True
        yield partial
        in_block = False
        os.replace(partial, path)
    except Exception as error:
        ours = isinstance(error, OSError) and not in_block
        if not (ours or _is_about(error, partial)):
            raise
        raise InputError(f"Cannot write {path} ({_reason(error)}); choose another place or free it.") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def no_room(error: BaseException) -> str:
    """The reason why a file found no room on its disk, as an error gives it; empty where the error has another cause.

    TensorFlow and HDF5 put into words what Python says by a number.
    """
    if isinstance(error, OSError) and error.errno in FULL:
        return os.strerror(error.errno)
    reasons = [os.strerror(number) for number in FULL]
    return next((reason for reason in reasons if reason in str(error)), "")


def _is_about(error: Exception, partial: Path) -> bool:
    if not isinstance(error, OSError):
        return partial.name in str(error) and bool(no_room(error))
    # HDF5 names the file in the message only.
    named = [str(name) for name in (error.filename, error.filename2) if name is not None]
    return partial.name in " ".join([*named, str(error)]) or (not named and error.errno in FULL)


def _reason(error: Exception) -> str:
    return no_room(error) or (isinstance(error, OSError) and error.strerror) or str(error)


@functools.cache
def _remove_leftovers(folder: Path, process: int) -> None:
    """Once per folder and process, because folders of many files take long to list."""
    with suppress(OSError):
        for file in folder.iterdir():
            owner = file.name.removeprefix(_PREFIX).partition(".")[0]
            if file.name.startswith(_PREFIX) and owner.isdecimal() and not _lives(int(owner)):
                file.unlink()


def _lives(process: int) -> bool:
    if os.name != "posix":  # elsewhere signal 0 is a real one
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
