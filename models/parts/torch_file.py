"""PyTorch's files, read without PyTorch: plain dense tensors and what lies around them, nothing that could run code."""

import os
import pickle
import sys
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from tvnet_keras.errors import InputError

MAGIC = 0x1950A86A20F9469CFC6C
"""First pickle of the format before PyTorch 1.6."""

STORAGES = {
    "DoubleStorage": np.float64,
    "FloatStorage": np.float32,
    "HalfStorage": np.float16,
    "LongStorage": np.int64,
    "IntStorage": np.int32,
    "ShortStorage": np.int16,
    "CharStorage": np.int8,
    "ByteStorage": np.uint8,
    "BoolStorage": np.bool_,
}


class _Tensor(NamedTuple):
    """A part of a storage, before the storage is read."""

    storage: str
    kind: type
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def of(self, storage: bytes) -> np.ndarray:
        """The tensor's values."""
        numbers = np.frombuffer(storage, self.kind)
        last = self.offset + sum((size - 1) * step for size, step in zip(self.shape, self.strides, strict=True))
        empty = 0 in self.shape
        if self.offset < 0 or min(self.shape, default=0) < 0 or min(self.strides, default=0) < 0:
            raise ValueError("a tensor begins before its storage")
        if not empty and last >= len(numbers):
            raise ValueError("a tensor ends behind its storage")
        steps = tuple(step * numbers.itemsize for step in self.strides)
        view = np.lib.stride_tricks.as_strided(numbers[self.offset :], self.shape, steps, writeable=False)
        return np.zeros(self.shape, self.kind) if empty else view.copy()


def read_torch_file(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """The arrays of a state dict by their names.

    Args:
        path: a file that `torch.save(model.state_dict(), path)` wrote, with any version of PyTorch.

    Raises:
        InputError: there is no such file, it is damaged, or it holds something else than a dictionary of dense tensors.
    """
    found = read_torch_content(path)
    if not isinstance(found, dict) or not all(isinstance(value, np.ndarray) for value in found.values()):
        raise InputError(f"{path} cannot be read as a state dict of plain tensors (it is no dictionary of tensors).")
    return {str(name): value for name, value in found.items()}


def read_torch_content(path: str | os.PathLike[str]) -> Any:
    """Whatever a file holds, such as a state dict and other things that a training program put beside it.

    Args:
        path: a file that `torch.save(content, path)` wrote, with any version of PyTorch.

    Returns:
        Dictionaries, lists, tuples, numbers, text; dense tensors are arrays.

    Raises:
        InputError: there is no such file, it is damaged, or it holds other objects.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path} is not a file; name a state dict of PyTorch (.pth or .pt).")
    try:
        return _read_zip(path) if zipfile.is_zipfile(path) else _read_legacy(path)
    except Exception as error:  # Unpickling raises whatever the bytes lead it to.
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path} cannot be read as a state dict of plain tensors ({reason}).") from error


def _read_zip(path: Path) -> Any:
    with zipfile.ZipFile(path) as archive:
        names = {name.partition("/")[2]: name for name in archive.namelist()}
        if archive.read(names["byteorder"]).strip() != b"little" if "byteorder" in names else False:
            raise ValueError("its numbers are big-endian")
        with archive.open(names["data.pkl"]) as file:
            content = _Unpickler(file).load()
        return _filled(content, lambda key: archive.read(names[f"data/{key}"]))


def _read_legacy(path: Path) -> Any:
    with open(path, "rb") as file:
        if _Unpickler(file).load() != MAGIC:
            raise ValueError("it does not begin as a file of PyTorch")
        _Unpickler(file).load()  # The version of the protocol.
        if _Unpickler(file).load().get("little_endian") is not True or sys.byteorder != "little":
            raise ValueError("its numbers are big-endian")
        reader = _Unpickler(file)
        content = reader.load()
        storages = {}
        for key in _Unpickler(file).load():
            count = int.from_bytes(_exactly(file, 8), "little")
            storages[key] = _exactly(file, count * np.dtype(reader.kinds[key]).itemsize)
    return _filled(content, storages.__getitem__)


def _exactly(file: IO[bytes], size: int) -> bytes:
    content = file.read(size)
    if len(content) != size:
        raise ValueError("it is cut short")
    return content


def _filled(content: Any, storage: Callable[[str], bytes]) -> Any:
    if isinstance(content, _Tensor):
        return content.of(storage(content.storage))
    if isinstance(content, dict):
        return {name: _filled(value, storage) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return type(content)(_filled(value, storage) for value in content)
    return content


def _tensor(storage: tuple[str, type], offset: int, shape: Sequence[int], strides: Sequence[int], *_: Any) -> _Tensor:
    """What PyTorch calls to rebuild a tensor; what else it passes decides no value."""
    key, kind = storage
    return _Tensor(key, kind, offset, tuple(shape), tuple(strides))


class _Unpickler(pickle.Unpickler):
    """Knows the few names that a state dict is made of, and refuses every other."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file, encoding="utf-8")
        self.kinds: dict[str, type] = {}

    def find_class(self, module: str, name: str) -> Any:
        """What a pickled name stands for."""
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch._utils" and name in ("_rebuild_tensor", "_rebuild_tensor_v2"):
            return _tensor  # The former before PyTorch 0.4, of which published weights still are.
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return lambda tensor, *_: tensor
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        raise ValueError(f"it holds {module}.{name}, which is no plain tensor")

    def persistent_load(self, pid: Any) -> tuple[str, type]:
        """The name and kind of a storage."""
        _, kind, key, *_ = pid
        self.kinds[key] = kind
        return key, kind
