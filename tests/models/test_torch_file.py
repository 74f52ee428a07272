"""State dicts in PyTorch's two formats, written here without PyTorch, come back; anything else is refused unread."""

import io
import pickle
import sys
import types
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

from models.parts.torch_file import MAGIC, read_torch_file
from tvnet_keras.errors import InputError

KINDS = {np.dtype("float32"): "FloatStorage", np.dtype("int64"): "LongStorage", np.dtype("float16"): "HalfStorage"}
STATE = {
    "conv.weight": np.arange(24, dtype="float32").reshape(2, 3, 4),
    "norm.num_batches_tracked": np.array(7, "int64"),
    "half": np.linspace(0, 1, 5).astype("float16"),
    "empty": np.zeros((0, 3), "float32"),
}


class Stored:
    """What PyTorch pickles of a tensor: a function, a storage, and where in it the tensor lies."""

    def __init__(self, array, key, offset=0, strides=None):
        strides = strides or tuple(step // array.itemsize for step in array.strides)
        self.arguments = (("storage", KINDS[array.dtype], key, array.size), offset, array.shape, strides)

    def __reduce__(self):
        return sys.modules["torch._utils"]._rebuild_tensor_v2, (*self.arguments, False, OrderedDict())


class TorchPickler(pickle.Pickler):
    def persistent_id(self, value):
        if isinstance(value, tuple) and value and value[0] == "storage":
            return ("storage", getattr(sys.modules["torch"], value[1]), value[2], "cpu", value[3])
        return None


@pytest.fixture
def torch_names(monkeypatch):
    """Modules that have the names which PyTorch pickles, and do nothing."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for name in KINDS.values():
        setattr(torch, name, type(name, (), {"__module__": "torch"}))

    def rebuild(*arguments):
        raise AssertionError("nothing is rebuilt while it is written")

    rebuild.__module__, rebuild.__name__, rebuild.__qualname__ = "torch._utils", *2 * ("_rebuild_tensor_v2",)
    utils._rebuild_tensor_v2 = rebuild
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)


def pickled(value) -> bytes:
    stream = io.BytesIO()
    TorchPickler(stream, protocol=2).dump(value)
    return stream.getvalue()


def stored(arrays):
    return OrderedDict((name, Stored(array, str(key))) for key, (name, array) in enumerate(arrays.items()))


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


both_formats = pytest.mark.parametrize("write", [write_zip, write_legacy])


@both_formats
def test_tensors_come_back_by_name(torch_names, tmp_path, write):
    write(tmp_path / "state.pth", stored(STATE), list(STATE.values()))
    found = read_torch_file(tmp_path / "state.pth")
    assert list(found) == list(STATE)
    for name, array in STATE.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


@both_formats
def test_a_tensor_may_be_a_transposed_part_of_a_storage(torch_names, tmp_path, write):
    storage = np.arange(20, dtype="float32")
    content = OrderedDict(part=Stored(np.zeros((3, 2), "float32"), "0", offset=4, strides=(2, 5)))
    content["part"].arguments = (("storage", "FloatStorage", "0", 20), 4, (3, 2), (2, 5))
    write(tmp_path / "state.pth", content, [storage])
    np.testing.assert_array_equal(read_torch_file(tmp_path / "state.pth")["part"], [[4, 9], [6, 11], [8, 13]])


@both_formats
@pytest.mark.parametrize(("offset", "strides"), [(15, (2, 5)), (-1, (1, 1)), (0, (10**9, 1))])
def test_a_tensor_outside_its_storage_is_refused(torch_names, tmp_path, write, offset, strides):
    content = OrderedDict(part=Stored(np.zeros((3, 2), "float32"), "0", offset=offset, strides=strides))
    write(tmp_path / "state.pth", content, [np.arange(20, dtype="float32")])
    with pytest.raises(InputError, match="a tensor (begins|ends)"):
        read_torch_file(tmp_path / "state.pth")


class Attack:
    """Makes a file when it is unpickled as pickles usually are."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


@both_formats
def test_code_is_not_run(torch_names, tmp_path, write):
    write(tmp_path / "state.pth", OrderedDict(x=Attack(str(tmp_path / "run"))), [])
    with pytest.raises(InputError, match="no plain tensor"):
        read_torch_file(tmp_path / "state.pth")
    assert not (tmp_path / "run").exists()


@both_formats
def test_damaged_files_are_refused_in_one_sentence(torch_names, tmp_path, write):
    write(tmp_path / "state.pth", stored(STATE), list(STATE.values()))
    whole = (tmp_path / "state.pth").read_bytes()
    for length in (0, 1, 20, len(whole) // 2, len(whole) - 3):
        (tmp_path / "cut.pth").write_bytes(whole[:length])
        with pytest.raises(InputError, match="cannot be read as a state dict"):
            read_torch_file(tmp_path / "cut.pth")
    with pytest.raises(InputError, match="is not a file"):
        read_torch_file(tmp_path / "absent.pth")


@both_formats
@pytest.mark.parametrize("content", [[1, 2], {"epoch": 3}])
def test_what_is_no_dictionary_of_tensors_is_refused(torch_names, tmp_path, write, content):
    write(tmp_path / "other.pth", content, [])
    with pytest.raises(InputError, match="no dictionary of tensors"):
        read_torch_file(tmp_path / "other.pth")
