"""One process at a time writes a folder: two would leave half of one and half of the other."""

import errno
import hashlib
import os
import platform
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tvnet_keras.errors import InputError

try:
    import fcntl
except ImportError:  # Windows has none.
    fcntl = None

LOCK_FILE = ".tvnet_keras_lock"
TRIES = 100

_held: set[int] = set()


@contextmanager
def only_writer(path: str | os.PathLike[str], *, beside: bool = False, wait: bool = False) -> Iterator[None]:
    """A context that holds a folder for writing; whoever else asks for it meanwhile is refused, in this process too.

    The lock is the kernel's (`flock`) on a small file that says who holds it. It ends with the process, however that
    ends; a file that a kill or a reboot left behind locks nothing. Processes that this one starts do not inherit it.
    Where a file system knows no locks, there is a warning; on Windows there is no lock at all.

    Args:
        path: the folder; it is made, and removed again if nothing has come into it.
        beside: whether the lock's file stands beside `path`, which may then be a file, or a folder that is replaced as
            a whole.
        wait: whether to wait for the other writer instead of being refused.

    Raises:
        InputError: another writer has the folder, or it cannot be written.
    """
    path = Path(path)
    if fcntl is None:
        yield
        return
    whole = Path(os.path.realpath(path))
    file = whole.with_name(f"{LOCK_FILE}.{_short(whole.name)}") if beside else whole / LOCK_FILE
    fresh = not file.parent.exists()
    with _writing(path):
        descriptor = _locked(file, path, wait)
    try:
        with _writing(path):
            _sign(descriptor)
        yield
    finally:
        _release(file, descriptor)
        if fresh:
            with suppress(OSError):
                file.parent.rmdir()


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"Cannot write {path} ({reason}); choose another place or free it.") from error


def _short(name: str) -> str:
    """The name, or its hash where a longer name would not fit into the 255 bytes that file systems allow."""
    encoded = os.fsencode(name)
    return name if len(encoded) < 200 else hashlib.sha256(encoded).hexdigest()


def _locked(file: Path, path: Path, wait: bool) -> int:
    """The descriptor of the lock's file, locked."""
    while True:
        descriptor = _opened(file)
        _held.add(descriptor)
        try:
            _lock(descriptor, path, wait)
            # The writer before removes the file: a lock on what is no longer there would be no lock.
            if _is_at(file, descriptor):
                return descriptor
        except BaseException:
            _close(descriptor)
            raise
        _close(descriptor)


def _opened(file: Path) -> int:
    for _ in range(TRIES):
        file.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # The writer before has just removed the folder that it had made.
            return os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


def _lock(descriptor: int, path: Path, wait: bool) -> None:
    assert fcntl is not None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        raise InputError(
            f"{path} is being written by {_holder(descriptor)}; wait until it has ended or choose another folder."
        ) from None
    except OSError as error:
        warnings.warn(
            f"{path} cannot be locked ({error.strerror}): see that no other process writes there.", stacklevel=2
        )


def _sign(descriptor: int) -> None:
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"process {os.getpid()} on {platform.node()} since {since}".encode())


def _holder(descriptor: int) -> str:
    for _ in range(TRIES):  # Whoever has just taken the lock is about to sign it.
        if text := os.pread(descriptor, 500, 0):
            return " ".join(text.decode(errors="replace").split())
        time.sleep(0.01)
    return "another process"


def _release(file: Path, descriptor: int) -> None:
    if descriptor not in _held:  # in a forked child, which never had it
        return
    with suppress(OSError):
        if _is_at(file, descriptor):
            file.unlink()
    _close(descriptor)


def _is_at(file: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(file), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _close(descriptor: int) -> None:
    _held.discard(descriptor)
    os.close(descriptor)


def _let_go() -> None:
    """Closes what a forked child has inherited: else its parent's locks would last as long as the child."""
    for descriptor in tuple(_held):
        _close(descriptor)


if fcntl is not None:
    os.register_at_fork(after_in_child=_let_go)
