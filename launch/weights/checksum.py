"""A checksum at the end of the weight files that the launchers write: a weight that has changed is not used unnoticed.

HDF5 knows where its content ends and reads nothing behind it, so every other program reads such a file as ever. The
checksum is that of the bytes, because a changed byte can crash the HDF5 library before any content is read.
"""

import hashlib
import os
from pathlib import Path

import keras

from tvnet_keras.atomic import atomic_path
from tvnet_keras.errors import InputError

MARK = b"\nsha256 of what stands before this line:"
DIGEST_BYTES = hashlib.sha256().digest_size
BLOCK_BYTES = 1 << 20

OVERHEAD_BYTES = 8192
"""Number of bytes, about, that HDF5 takes for the groups around a weight."""


def save_weights(model: keras.Model, path: Path) -> None:
    """Writes `model.weights.h5` with its checksum, whole or not at all.

    Args:
        model: the model, with its weights.
        path: the file to write; its name ends in `.weights.h5`.

    Raises:
        InputError: the file cannot be written.
    """
    with atomic_path(path) as partial:
        # After a failed write of h5py every object of the file prints a traceback of its own, so room is found before.
        partial.write_bytes(bytes(_size(model)))
        model.save_weights(partial)
        digest = _digest(partial, os.path.getsize(partial))
        with open(partial, "ab") as file:
            file.write(MARK + digest)


def require_whole(path: Path) -> None:
    """Refuses a weight file that has changed since it was written; a file without a checksum passes.

    Args:
        path: the file.

    Raises:
        InputError: the file's checksum is not that of its content.
        OSError: the file cannot be read.
    """
    length = os.path.getsize(path) - len(MARK) - DIGEST_BYTES
    if length < 0:
        return
    with open(path, "rb") as file:
        file.seek(length)
        mark, digest = file.read(len(MARK)), file.read()
    if mark == MARK and digest != _digest(path, length):
        raise InputError(
            f"{path} is damaged: its weights are not those that were written; take a copy of it, or train or convert "
            "them again."
        )


def _size(model: keras.Model) -> int:
    """The largest number of bytes, about, that a model's weight file takes."""
    weights = [keras.ops.convert_to_numpy(weight).nbytes for weight in model.weights]
    return sum(weights) + OVERHEAD_BYTES * (len(weights) + 1)


def _digest(path: Path, length: int) -> bytes:
    digest, left = hashlib.sha256(), length
    with open(path, "rb") as file:
        while block := file.read(min(left, BLOCK_BYTES)):
            digest.update(block)
            left -= len(block)
    return digest.digest()
