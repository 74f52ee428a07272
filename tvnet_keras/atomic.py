"""Write a file so that its final name never holds half of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tvnet_keras.errors import InputError


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success move it there in one step, on failure remove it.

    Parent folders are made. The temporary name is fixed and hidden (`.partial.NAME`), so what a killed run leaves is
    overwritten by the next one, and the ending stays, so writers that go by it (`.weights.h5`) still work.

    Args:
        path: Where the finished file must stand.

    Raises:
        InputError: The folder or the file can't be written.
    """
    path = Path(path)
    partial = path.with_name(f".partial.{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        os.replace(partial, path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"Cannot write {path} ({reason}); choose another place or free it.") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
