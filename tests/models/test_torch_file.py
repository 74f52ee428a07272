"""State dicts in PyTorch's two formats, written here without PyTorch, come back; anything else is refused unread."""

from collections import OrderedDict

import numpy as np
import pytest

from models.parts.torch_file import read_torch_content, read_torch_file
from tests.torch_files import Stored, imitate_torch, stored, write_legacy, write_zip
from tvnet_keras.errors import InputError

STATE = {
    "conv.weight": np.arange(24, dtype="float32").reshape(2, 3, 4),
    "norm.num_batches_tracked": np.array(7, "int64"),
    "half": np.linspace(0, 1, 5).astype("float16"),
    "empty": np.zeros((0, 3), "float32"),
}


@pytest.fixture
def torch_names(monkeypatch):
    """The names that PyTorch pickles."""
    imitate_torch(monkeypatch)


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
def test_files_of_the_first_versions_are_read(torch_names, tmp_path, write):
    write(tmp_path / "state.pth", stored(STATE, old=True), list(STATE.values()))
    found = read_torch_file(tmp_path / "state.pth")
    np.testing.assert_array_equal(found["conv.weight"], STATE["conv.weight"])


@both_formats
def test_tensors_among_other_things_come_back_where_they_were(torch_names, tmp_path, write):
    tensors = stored(STATE)
    groups = [{"params": [0, 1], "betas": (0.9, tensors["half"])}]
    content = {"epoch": 3, "model": tensors, "optimizer": {"state": {0: {"step": tensors["half"]}}, "groups": groups}}
    write(tmp_path / "run.pth", content, list(STATE.values()))
    found = read_torch_content(tmp_path / "run.pth")
    assert found["epoch"] == 3 and list(found["model"]) == list(STATE)
    group = found["optimizer"]["groups"][0]
    assert group["params"] == [0, 1] and group["betas"][0] == 0.9
    for half in (found["model"]["half"], found["optimizer"]["state"][0]["step"], group["betas"][1]):
        np.testing.assert_array_equal(half, STATE["half"])


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
