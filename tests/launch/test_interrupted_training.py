"""Ctrl-C in a training: the last step is saved, and the same command comes to the same weights as an unbroken run."""

import dataclasses
import os
import signal
import subprocess
import threading
import time

import numpy as np
import pytest

from launch.run import app, run_folder
from launch.run.interruption import Interrupted, Interruption
from launch.run.model import load_run
from launch.run.monitor import Monitor
from launch.run.training_loop import TrainingLoop
from launch.train import train
from tests.launch import one_weight


@pytest.fixture(autouse=True)
def heard():
    """Whoever starts the tests in the background of a shell lets them ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press():
    """Ctrl-C."""
    os.kill(os.getpid(), signal.SIGINT)


def pressed_at(step, monkeypatch, method="step"):
    """Presses Ctrl-C when the monitor is told of a step."""
    report = getattr(Monitor, method)

    def reported(self, number, metrics):
        if number == step:
            press()
        report(self, number, metrics)

    monkeypatch.setattr(Monitor, method, reported)


def weights(folder):
    return [np.asarray(weight) for weight in load_run(folder)[1].weights]


@pytest.fixture(scope="module")
def config(tiny):
    """Of a run whose checkpoints are far apart, with dropout's masks and validations on the way."""
    training = {"steps": 5, "checkpoint_every": 50, "validate_every": 3}
    return tiny("rgb", train=training, model={"dropout": 0.5})


@pytest.fixture(scope="module")
def whole(config, tmp_path_factory):
    """The unbroken run."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    train(config, folder)
    return folder


def test_the_last_step_is_saved_and_the_run_goes_on_to_the_same_weights(config, whole, tmp_path, monkeypatch, capsys):
    with monkeypatch.context() as patch, pytest.raises(Interrupted) as stop:
        pressed_at(2, patch, "step")
        train(config, tmp_path)
    assert str(stop.value) == (
        f"interrupted after step 2 of 5, which is saved in {tmp_path}/checkpoints; the same command goes on with step 3"
    )
    # Not one step more was taken, and Ctrl-C is Python's again.
    assert [path.name for path in tmp_path.glob("checkpoints/*.index")] == ["ckpt-2.index"]
    assert not (tmp_path / "model.weights.h5").exists()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    capsys.readouterr()
    train(config, tmp_path)
    assert "going on from step 2" in capsys.readouterr().out
    first, second = (run_folder.read(each)["results"] for each in (tmp_path, whole))
    assert {**first, "first_step_s": 0} == {**second, "first_step_s": 0}
    for one, other in zip(weights(tmp_path), weights(whole), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("step", "method", "goes_on"),
    [
        # While a step is reported, which has a checkpoint or not; in a validation on the way; at the end and after it.
        (1, "step", "goes on with step 2"),
        (2, "step", "goes on with step 3"),
        (3, "validation", "goes on with step 4"),
        (5, "step", "validates and exports it"),
        (5, "validation", "validates and exports it"),
    ],
)
def test_at_any_moment_nothing_is_lost(config, tmp_path, monkeypatch, step, method, goes_on):
    monkeypatch.setattr(TrainingLoop, "_validate", lambda loop, step: loop.monitor.validation(step, {"x": 1.0}) or {})
    config = dataclasses.replace(config, train=dataclasses.replace(config.train, checkpoint_every=2))
    with monkeypatch.context() as patch, pytest.raises(Interrupted, match=f"after.* step,? {step}.*command {goes_on}$"):
        pressed_at(step, patch, method)
        one_weight.run(config, tmp_path)
    assert (tmp_path / f"checkpoints/ckpt-{step}.index").exists()
    assert one_weight.run(config, tmp_path)["loss"] == one_weight.steps_of_weights(tmp_path) == 5


def test_a_launcher_ends_with_the_sentence_and_130(capsys):
    def stopped():
        raise Interrupted("interrupted after step 2 of 5")

    assert app.guarded(stopped) == 130
    assert capsys.readouterr().err == "error: interrupted after step 2 of 5\n"


@pytest.mark.slow
def test_a_process_says_where_it_goes_on(command, overrides, repository, tmp_path):
    folder, log = tmp_path / "run", tmp_path / "log"
    sections = {"train": {"steps": 4000, "checkpoint_every": 4000, "log_every": 1}}
    arguments = [*overrides("rgb", **sections), f"--output_dir={folder}"]
    with open(log, "w") as file:
        process = subprocess.Popen(command("train", *arguments), cwd=repository, stdout=file, stderr=file)
        while "step 2/4000" not in log.read_text():
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=100) == 130
    *_, notice, last = log.read_text().splitlines()
    (saved,) = folder.glob("checkpoints/*.index")
    assert "once more ends at once" in notice
    assert last.startswith(f"error: interrupted after step {saved.stem.removeprefix('ckpt-')} of 4000, which is saved")


def test_a_second_one_ends_at_once():
    with Interruption() as interruption:
        press()
        assert interruption.asked
        assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL


def test_whoever_has_another_way_keeps_it():
    mine = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interruption() as interruption:
            press()
        assert not interruption.asked and signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, mine)


def test_a_training_in_a_thread_leaves_signals_alone():
    failures = []

    def work():
        try:
            with Interruption():
                pass
        except ValueError as error:
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert not failures
