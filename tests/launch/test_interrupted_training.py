"""Ctrl-C in a training: the last step is saved, and the same command comes to the same weights as an unbroken run."""

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
from launch.train import train


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


def assert_goes_on_as_the_whole(config, folder, whole):
    train(config, folder)
    first, second = (run_folder.read(each)["results"] for each in (folder, whole))
    assert {**first, "first_step_s": 0} == {**second, "first_step_s": 0}
    for one, other in zip(weights(folder), weights(whole), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(("step", "method"), [(2, "step"), (3, "validation")])
def test_the_last_step_is_saved_and_the_run_goes_on_from_it(config, whole, tmp_path, monkeypatch, capsys, step, method):
    with monkeypatch.context() as patch, pytest.raises(Interrupted) as stop:
        pressed_at(step, patch, method)
        train(config, tmp_path)
    assert str(stop.value) == (
        f"interrupted after step {step} of 5, which is saved in {tmp_path}/checkpoints; the same command goes on with "
        f"step {step + 1}"
    )
    assert [path.name for path in tmp_path.glob("checkpoints/*.index")] == [f"ckpt-{step}.index"]
    # Not one step more was taken, and Ctrl-C is Python's again.
    assert not (tmp_path / "model.weights.h5").exists()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    capsys.readouterr()
    assert_goes_on_as_the_whole(config, tmp_path, whole)
    assert f"going on from step {step}" in capsys.readouterr().out


@pytest.mark.parametrize("moment", ["step", "validation"])
def test_after_the_last_step_the_same_command_exports_it(config, whole, tmp_path, monkeypatch, moment):
    with monkeypatch.context() as patch, pytest.raises(Interrupted, match="the same command validates and exports it"):
        pressed_at(5, patch, moment)
        train(config, tmp_path)
    assert_goes_on_as_the_whole(config, tmp_path, whole)


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
