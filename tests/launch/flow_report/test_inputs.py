"""What a solver is, in words: whatever decides its flow, and no place on a disk."""

import shutil

import pytest

from launch.flow_report.inputs import options_of, solver_record, weights_record
from tests.made_preset import CARD, NAME, make_preset
from tvnet_keras import presets
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


@pytest.fixture
def preset(tmp_path, monkeypatch):
    """The one preset that there is, of TVNet-2-1-4, as it was made."""
    return make_preset(tmp_path / "presets", monkeypatch)


def test_the_word_preset_is_resolved_for_each_solver(preset):
    names = ["tvnet-2-1-4", "dis"]
    assert options_of(names, weights="preset") == {"tvnet-2-1-4": {"weights": NAME}, "dis": {}}
    assert weights_record(names, "preset") == NAME and weights_record(names, "runs/tvnet") == "runs/tvnet"
    with pytest.raises(InputError, match="^--weights=preset finds no preset of tvnet-1-1-9"):
        options_of(["tvnet-2-1-4", "tvnet-1-1-9"], weights="preset")


def test_a_preset_that_is_named_as_a_solver_has_the_same_record(preset):
    assert options_of([NAME]) == {NAME: {}}
    assert solver_record(NAME, {}) == solver_record("tvnet-2-1-4", {"weights": NAME})


def test_a_preset_is_recorded_by_its_name_and_by_what_decides_the_flow(preset):
    before = solver_record("tvnet-2-1-4", {"weights": NAME})
    assert before.pop("preset") == NAME and set(before) == {"solver", "weights_sha256"}
    presets.save(preset.to_preset(NAME, {**CARD, "more": "is known now"}), replace=True)
    assert solver_record("tvnet-2-1-4", {"weights": NAME}) == {**before, "preset": NAME}
    preset.kernels.assign(2 * preset.kernels)
    presets.save(preset.to_preset(NAME, CARD), replace=True)
    assert solver_record("tvnet-2-1-4", {"weights": NAME})["weights_sha256"] != before["weights_sha256"]
