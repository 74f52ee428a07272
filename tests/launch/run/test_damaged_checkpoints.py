"""Whatever becomes of the newest checkpoint, the older one is taken and said; none is ever overwritten unread."""

import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

from launch.run.checkpoints import Checkpoints
from launch.run.run_folder import CHECKPOINTS_DIR, LOGS_DIR, WEIGHTS_FILE
from launch.train import train
from tests.launch.interruption import interrupted
from tvnet_keras.errors import InputError

DATA = ".data-00000-of-00001"


def checkpoints(folder):
    """The checkpoints of a network whose weights are all `step` where they were saved."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)])
    optimizer = keras.optimizers.Adam()
    optimizer.build(model.trainable_variables)
    return Checkpoints(folder, model, optimizer)


def save(state, step):
    for weight in state.model.weights:
        weight.assign(np.full(weight.shape, step))
    state.save(step)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    state = checkpoints(folder)
    for step in (2, 4, 6):
        save(state, step)
    return folder


@pytest.fixture
def run(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "run")


def values(state):
    return {float(value) for weight in state.model.weights for value in np.ravel(weight)}


def content(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def emptied(path):
    path.write_bytes(b"")


def filled_with_garbage(path):
    path.write_bytes(np.random.default_rng(0).bytes(path.stat().st_size))


def with_a_byte_changed(path):
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 3] ^= 0x10
    path.write_bytes(damaged)


def missing(path):
    path.unlink()


DAMAGES = (cut, emptied, missing, with_a_byte_changed, filled_with_garbage)


def test_two_checkpoints_are_kept_and_the_newest_is_taken(saved):
    state = checkpoints(saved)
    assert state.restore() == 6 and values(state) == {6.0}
    assert {path.name for path in (saved / CHECKPOINTS_DIR).iterdir()} == {
        "checkpoint", *(f"ckpt-{step}{ending}" for step in (4, 6) for ending in (".index", DATA))
    }  # fmt: skip


@pytest.mark.parametrize("ending", [DATA, ".index"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_the_older_one_is_taken_and_said(run, damage, ending, capsys):
    damage(run / CHECKPOINTS_DIR / f"ckpt-6{ending}")
    state = checkpoints(run)
    assert state.restore() == 4 and values(state) == {4.0}
    assert "ckpt-6 in" in capsys.readouterr().err
    save(state, 6)
    assert content(run).keys() == {"checkpoint", *(f"ckpt-{step}{end}" for step in (4, 6) for end in (".index", DATA))}
    again = checkpoints(run)
    assert again.restore() == 6 and values(again) == {6.0}


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_list_of_checkpoints_is_not_needed(run, damage, capsys):
    damage(run / CHECKPOINTS_DIR / "checkpoint")
    state = checkpoints(run)
    assert state.restore() == 6 and values(state) == {6.0}
    assert not capsys.readouterr().err
    save(state, 8)
    assert tf.train.latest_checkpoint(run / CHECKPOINTS_DIR).endswith("ckpt-8")


@pytest.mark.parametrize("damage", DAMAGES)
def test_none_that_is_whole_is_a_sentence_and_nothing_is_written(run, damage, one_sentence):
    for step, ending in ((4, DATA), (6, ".index")):
        damage(run / CHECKPOINTS_DIR / f"ckpt-{step}{ending}")
    before = content(run)
    with pytest.raises(InputError, match="none of the checkpoints in .* is whole; put back a copy") as refusal:
        checkpoints(run).restore()
    one_sentence(str(refusal.value))
    assert content(run) == before


@pytest.mark.parametrize("left", ["checkpoint", WEIGHTS_FILE])
def test_checkpoints_that_were_there_once_are_missed(run, left):
    for path in (run / CHECKPOINTS_DIR).iterdir():
        path.unlink()
    (run / CHECKPOINTS_DIR / left if left == "checkpoint" else run / left).write_text("")
    with pytest.raises(InputError, match="none of the checkpoints"):
        checkpoints(run).restore()


@pytest.mark.parametrize("step", [2, 8])
def test_what_a_kill_left_of_a_checkpoint_goes(run, step):
    half = run / CHECKPOINTS_DIR / f"ckpt-{step}_temp"
    half.mkdir()
    (half / f"part{DATA}").write_text("half")
    assert checkpoints(run).restore() == 6
    assert not half.exists()


def test_a_first_checkpoint_that_was_not_finished_begins_again_and_says_so(tmp_path, capsys):
    place = tmp_path / CHECKPOINTS_DIR
    (place / "ckpt-2_temp").mkdir(parents=True)
    (place / f"ckpt-2{DATA}").write_text("half")
    assert checkpoints(tmp_path).restore() == 0
    said = capsys.readouterr()
    assert "begins again at step 1" in said.out and "ckpt-2 in" in said.err


def test_a_run_killed_before_its_first_checkpoint_says_that_it_begins_again(tmp_path, capsys):
    assert checkpoints(tmp_path).restore() == 0
    assert not capsys.readouterr().out
    (tmp_path / LOGS_DIR).mkdir()
    assert checkpoints(tmp_path).restore() == 0
    assert "begins again at step 1" in capsys.readouterr().out


@pytest.mark.slow
def test_a_run_that_goes_on_from_the_older_one_ends_as_the_whole_one(tiny, tmp_path, capsys):
    config = tiny("rgb", train={"steps": 6, "checkpoint_every": 1}, model={"dropout": 0.3})
    whole = train(config, tmp_path / "whole")
    interrupted(config, tmp_path / "halves", steps=4)
    with_a_byte_changed(tmp_path / "halves" / CHECKPOINTS_DIR / f"ckpt-3{DATA}")
    resumed = train(config, tmp_path / "halves")
    assert "going on from step 2" in capsys.readouterr().out
    del whole["first_step_s"], resumed["first_step_s"]
    assert resumed == pytest.approx(whole, rel=1e-5)


def test_folders_in_the_place_of_a_checkpoint_give_way_to_the_next_one(saved, tmp_path):
    folder = shutil.copytree(saved, tmp_path / "run")
    (folder / CHECKPOINTS_DIR / "ckpt-6.index").unlink()
    (folder / CHECKPOINTS_DIR / "ckpt-6.index/inside").mkdir(parents=True)
    state = checkpoints(folder)
    assert state.restore() == 4
    for step in (6, 8, 10, 12):
        save(state, step)
    assert checkpoints(folder).restore() == 12
