"""Write a file so that its final name never holds half of it."""

from __future__ import annotations

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
"""A write that fails for want of room does not say to which file."""

# A drive may be shared between machines, whose processes have the same numbers.
_PREFIX = f".partial.{platform.node().replace('.', '-')}."
_calls = itertools.count()


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success move it there in one step, on failure remove it.

    Parent folders are made. The temporary name is hidden and another one in every call, so that writers of one file
    don't disturb each other: the last to finish wins. Its ending stays (`.partial.MACHINE.PROCESS.CALL.NAME`), so
    writers that go by it (`.weights.h5`) still work. What killed processes of this machine left in the folder is
    removed when a process first writes there.

    Args:
        path: Where the finished file must stand.

    Raises:
        InputError: The folder or the file can't be written. Other errors of the block pass as they are.
    """
    path = Path(path)
    partial = path.with_name(f"{_PREFIX}{os.getpid()}.{next(_calls)}.{path.name}")
    in_block = False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(path.parent.resolve(), os.getpid())
        in_block = True
        yield partial
        in_block = False
        os.replace(partial, path)
    except OSError as error:
        if in_block and not _is_about(error, partial):
            raise
        reason = error.strerror or str(error)
        raise InputError(f"Cannot write {path} ({reason}); choose another place or free it.") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _is_about(error: OSError, partial: Path) -> bool:
    # HDF5 names the file in the message only.
    named = [str(name) for name in (error.filename, error.filename2) if name is not None]
    return partial.name in " ".join([*named, str(error)]) or (not named and error.errno in FULL)


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
