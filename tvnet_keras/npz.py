"""Reading `.npz` files that anybody may have made or damaged: no pickles, no array that its bytes are not."""

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np


def read_arrays(path: Path, *, most_bytes: int, fields: Sequence[str] | None = None) -> dict[str, np.ndarray]:
    """The arrays of a file, by their names.

    Args:
        path: the file.
        most_bytes: the largest size of all arrays together; a small file can claim any.
        fields: the names of the arrays that have to be there, and no others; None takes any.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file has other fields or more bytes, or an array claims what its bytes are not. A damaged file
            raises any other error, whatever its bytes lead the reader to.
    """
    with path.open("rb") as stream:
        if stream.read(len(np.lib.format.MAGIC_PREFIX)) == np.lib.format.MAGIC_PREFIX:
            raise ValueError("it holds a single array")
        with zipfile.ZipFile(stream) as archive:
            held = [name.removesuffix(".npy") for name in archive.namelist()]
            wanted = held if fields is None else fields
            missing = [name for name in wanted if name not in held]
            unknown = [name for name in held if name not in wanted or held.count(name) > 1]
            if missing or unknown:
                said = f"missing: {', '.join(missing) or 'nothing'}; unknown: {', '.join(unknown) or 'nothing'}"
                raise ValueError(said)
            size = sum(entry.file_size for entry in archive.infolist())
            if size > most_bytes:
                raise ValueError(f"it claims {size} bytes, more than the {most_bytes} that it may have")
            # Whole entries, because the archive checks their sums at their ends.
            return {name: _array(name, archive.read(f"{name}.npy")) for name in wanted}


def _array(name: str, content: bytes) -> np.ndarray:
    stream = io.BytesIO(content)
    array = np.lib.format.read_array(stream, allow_pickle=False)
    # Elements of no bytes could be any number of them.
    if stream.tell() != len(content) or (array.size and not array.itemsize):
        raise ValueError(f"{name} claims the shape {array.shape} of {array.dtype}, which its bytes are not")
    return array
