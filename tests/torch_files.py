"""Files in PyTorch's two formats, written without PyTorch, for what reads them."""

import io
import pickle
import sys
import types
import zipfile
from collections import OrderedDict

import numpy as np

from models.parts.torch_file import MAGIC

KINDS = {np.dtype("float32"): "FloatStorage", np.dtype("int64"): "LongStorage", np.dtype("float16"): "HalfStorage"}


class Stored:
    """What PyTorch pickles of a tensor: a function, a storage, and where in it the tensor lies.

    `old` is what it pickled before version 0.4.
    """

    def __init__(self, array, key, offset=0, strides=None, old=False):
        strides = strides or tuple(step // array.itemsize for step in array.strides)
        self.arguments = (("storage", KINDS[array.dtype], key, array.size), offset, array.shape, strides)
        self.old = old

    def __reduce__(self):
        utils = sys.modules["torch._utils"]
        if self.old:
            return utils._rebuild_tensor, self.arguments
        return utils._rebuild_tensor_v2, (*self.arguments, False, OrderedDict())


class TorchPickler(pickle.Pickler):
    def persistent_id(self, value):
        if isinstance(value, tuple) and value and value[0] == "storage":
            return ("storage", getattr(sys.modules["torch"], value[1]), value[2], "cpu", value[3])
        return None


def imitate_torch(monkeypatch) -> None:
    """Gives the process modules that have the names which PyTorch pickles, and do nothing."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for name in KINDS.values():
        setattr(torch, name, type(name, (), {"__module__": "torch"}))
    for name in ("_rebuild_tensor", "_rebuild_tensor_v2"):

        def rebuild(*arguments):
            raise AssertionError("nothing is rebuilt while it is written")

        rebuild.__module__, rebuild.__name__, rebuild.__qualname__ = "torch._utils", name, name
        setattr(utils, name, rebuild)
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)


def pickled(value) -> bytes:
    stream = io.BytesIO()
    TorchPickler(stream, protocol=2).dump(value)
    return stream.getvalue()


def stored(arrays, old=False):
    return OrderedDict((name, Stored(array, str(key), old=old)) for key, (name, array) in enumerate(arrays.items()))


def write_zip(path, content, storages):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickled(content))
        archive.writestr("archive/byteorder", "little")
        for key, array in enumerate(storages):
            archive.writestr(f"archive/data/{key}", array.tobytes())


def write_legacy(path, content, storages):
    parts = [pickled(MAGIC), pickled(1001), pickled({"protocol_version": 1001, "little_endian": True})]
    parts += [pickled(content), pickled([str(key) for key in range(len(storages))])]
    for array in storages:
        parts += [array.size.to_bytes(8, "little"), array.tobytes()]
    path.write_bytes(b"".join(parts))
