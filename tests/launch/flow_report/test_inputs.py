"""What a solver is, in words: whatever decides its flow, and no place on a disk."""

import shutil

import pytest

from launch.flow_report.inputs import options_of, solver_record
from tvnet_keras.errors import InputError


@pytest.fixture
def weights(tmp_path):
    """A file that stands for weights."""
    (tmp_path / "one.weights.h5").write_bytes(b"one")
    (tmp_path / "another.weights.h5").write_bytes(b"another")
    return tmp_path


def test_every_solver_has_the_options_that_it_takes():
    found = options_of(["tvnet-1-1-10", "dis"], variant="official", weights=None)
    assert found == {"tvnet-1-1-10": {"variant": "official"}, "dis": {}}
    with pytest.raises(InputError, match="--variant=official belongs to none of --solver=dis"):
        options_of(["dis"], variant="official")
    with pytest.raises(InputError, match="--solver= is empty"):
        options_of([])


def test_the_record_says_name_and_options():
    assert solver_record("dis", {}) == {"solver": "dis"}
    assert solver_record("tvnet-1-1-10", {"variant": "official"}) == {"solver": "tvnet-1-1-10", "variant": "official"}


def test_weights_are_told_by_their_bytes_and_not_by_their_place(weights):
    copy = shutil.copy(weights / "one.weights.h5", weights / "copy.weights.h5")
    one, same, other = (
        solver_record("tvnet-1-1-10", {"weights": str(path)})
        for path in (weights / "one.weights.h5", copy, weights / "another.weights.h5")
    )
    assert one == same != other and set(one) == {"solver", "weights_sha256"}
    assert str(weights) not in str(one)


def test_an_export_is_told_by_all_its_files(tmp_path):
    for name, variables in (("one", b"1"), ("other", b"2")):
        folder = tmp_path / name / "model"
        (folder / "variables").mkdir(parents=True)
        (folder / "saved_model.pb").write_bytes(b"graph")
        (folder / "variables/variables.data").write_bytes(variables)
    shutil.copytree(tmp_path / "one", tmp_path / "elsewhere")
    one, other, copy = (solver_record(str(tmp_path / name / "model"), {}) for name in ("one", "other", "elsewhere"))
    assert one == copy != other
    assert one["solver"] == "model" and str(tmp_path) not in str(one)
