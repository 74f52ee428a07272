"""A run that goes on to another number of steps than it began with."""

import dataclasses
import json

import numpy as np
import pytest

from launch.evaluate import evaluate
from launch.run import extension, run_folder
from launch.run.model import load_run
from launch.train import train
from tvnet_keras.errors import InputError


def with_steps(config, steps, **others):
    return dataclasses.replace(config, train=dataclasses.replace(config.train, steps=steps, **others))


def weights(folder):
    return [np.asarray(weight) for weight in load_run(folder)[1].weights]


@pytest.fixture(scope="module")
def config(tiny):
    """Two steps at a constant rate, with dropout's masks."""
    return tiny("rgb", train={"steps": 2}, model={"dropout": 0.5})


@pytest.fixture(scope="module")
def longer(config, tmp_path_factory):
    """A finished run that went on to more steps."""
    folder = tmp_path_factory.mktemp("longer") / "run"
    train(config, folder)
    train(with_steps(config, 5), folder)
    return folder


def test_a_finished_run_goes_on_as_one_that_began_so(config, longer, tmp_path):
    train(with_steps(config, 5), tmp_path)
    for one, other in zip(weights(longer), weights(tmp_path), strict=True):
        np.testing.assert_array_equal(one, other)
    first, second = (run_folder.read(each)["results"] for each in (longer, tmp_path))
    assert {**first, "first_step_s": 0} == {**second, "first_step_s": 0}
    assert first["steps"] == 5


def test_the_record_and_every_protocol_say_so(config, longer, tmp_path):
    run = run_folder.read(longer)
    assert run["extended"] == [{"step": 2, "steps": 2}] and run["config"]["train"]["steps"] == 5
    measured = evaluate(run_folder.read_config(longer), longer, tmp_path)
    assert measured.protocol["training"]["extended"] == run["extended"]


@pytest.fixture
def begun(config, tmp_path):
    """A run of six steps that was killed after its checkpoint of two, and its configuration."""
    config = with_steps(config, 6)
    run_folder.write(tmp_path, run_folder.claim(tmp_path, config))
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints/ckpt-2.index").write_bytes(b"")
    return tmp_path, config


def test_a_cosine_is_stretched_and_the_run_says_so(begun):
    folder, config = begun
    constant = run_folder.claim(folder, with_steps(config, 8))
    said = extension.sentence(constant, with_steps(config, 8), 2)
    assert said == "The run was to end at step 6 and goes on to step 8, as one that began so."
    cosine = with_steps(config, 4, schedule="cosine")
    said = extension.sentence(constant, cosine, 2)
    assert (
        "goes on to step 4: its learning rate is now a cosine over 4 steps, 0.0005 at step 3, so that it ends" in said
    )
    # Nothing is said of a run that has never been changed, or has come to its end.
    assert not extension.sentence(run_folder.read(folder), cosine, 2) and not extension.sentence(constant, cosine, 4)


def test_an_unfinished_run_may_end_sooner_but_not_before_what_it_did(begun, one_sentence):
    folder, config = begun
    before = (folder / "run.json").read_bytes()
    with pytest.raises(
        InputError, match="steps=1 is less than the 2 steps that the run in .*give at least 2"
    ) as refusal:
        run_folder.claim(folder, with_steps(config, 1))
    one_sentence(str(refusal.value))
    assert (folder / "run.json").read_bytes() == before
    claimed = run_folder.claim(folder, with_steps(config, 2))
    assert claimed["extended"] == [{"step": 2, "steps": 6}]
    with pytest.raises(InputError, match="another configuration .--config.train.lr was 0.001, is 0.5.;"):
        run_folder.claim(folder, with_steps(config, 9, lr=0.5))


def test_what_an_earlier_end_left_is_not_taken_for_the_run(longer, tmp_path):
    run = json.loads((longer / "run.json").read_text())
    for name in ("run.json", "model.weights.h5"):
        (tmp_path / name).write_bytes((longer / name).read_bytes())
    load_run(tmp_path)
    # So it stands between the two ends.
    run_folder.write(tmp_path, {**run, "results": {"loss": 1.0}})
    with pytest.raises(InputError, match="has not finished training"):
        load_run(tmp_path)
