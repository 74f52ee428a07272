"""A training whose disk is full stops with one sentence, keeps what it had, and goes on when there is room."""

import pytest

from launch.run.checkpoints import Checkpoints
from launch.run.model import build_model
from launch.run.run_folder import CHECKPOINTS_DIR, WEIGHTS_FILE, read
from launch.train import train
from launch.weights.checksum import save_weights
from tests.launch.interruption import interrupted
from tests.small_disk import room_for
from tvnet_keras.errors import InputError


@pytest.fixture(scope="module")
def whole(tiny, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    return train(tiny("rgb"), folder), folder


def finish(whole, tiny, folder):
    """Goes on with room, to the end that the run would have had."""
    results, other = whole
    found = train(tiny("rgb"), folder)
    assert {**found, "first_step_s": 0} == pytest.approx({**results, "first_step_s": 0}, rel=1e-4)
    assert names(folder) == names(other)


def names(folder):
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file() and path.parent.name != "logs"}


def test_a_checkpoint_that_finds_no_room_leaves_the_last_one(whole, tiny, tmp_path, one_sentence):
    interrupted(tiny("rgb"), tmp_path, steps=3)
    before = names(tmp_path)
    said = "cannot be written .File too large.: free some room, .* goes on"
    with pytest.raises(InputError, match=said) as refusal, room_for(500_000):
        train(tiny("rgb"), tmp_path)
    one_sentence(str(refusal.value))
    assert names(tmp_path) == before
    assert not list((tmp_path / CHECKPOINTS_DIR).glob("*_temp"))
    finish(whole, tiny, tmp_path)


@pytest.fixture
def no_checkpoints(monkeypatch):
    """Checkpoints are longer than anything else, and would stop a run first."""
    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "save", lambda self, step: None)
        yield patch


def test_logs_that_find_no_room_are_a_sentence(whole, tiny, tmp_path, no_checkpoints, one_sentence):
    with (
        pytest.raises(InputError, match="--output_dir=.* cannot be written .File too large") as refusal,
        room_for(6000),
    ):
        train(tiny("rgb", train={"steps": 60}), tmp_path)
    one_sentence(str(refusal.value))


def test_weights_that_find_no_room_are_a_sentence(whole, tiny, tmp_path, no_checkpoints, capfd):
    with pytest.raises(InputError, match=f"Cannot write .*{WEIGHTS_FILE} .File too large"), room_for(100_000):
        train(tiny("rgb"), tmp_path)
    assert "Traceback" not in capfd.readouterr().err
    assert not (tmp_path / WEIGHTS_FILE).exists() and "loss" in read(tmp_path)["results"]
    no_checkpoints.undo()
    finish(whole, tiny, tmp_path)


@pytest.mark.parametrize("method", ["rgb", "tvnet_flow"])
def test_room_for_weights_is_found_before_they_are_written(tiny, tmp_path, method):
    model, path = build_model(tiny(method), 12), tmp_path / "model.weights.h5"
    save_weights(model, path)
    before = path.read_bytes()
    for size in (0, len(before) // 2, len(before) - 1):
        with pytest.raises(InputError, match="Cannot write .*File too large"), room_for(size):
            save_weights(model, path)
        assert path.read_bytes() == before and len(list(tmp_path.iterdir())) == 1
