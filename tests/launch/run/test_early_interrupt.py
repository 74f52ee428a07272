"""Ctrl-C at any moment is one line and exit code 130."""

import os
import signal
import subprocess
import sys

import pytest

from launch.run import app, early_interrupt

QUIET = "class config:\n    list_physical_devices = staticmethod(lambda: [])\n"
PRESSED = "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(20)\n"


@pytest.fixture(autouse=True)
def heard():
    """Whoever starts the tests in the background of a shell lets them, and all that they start, ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    "stubs", [{"tensorflow": PRESSED}, {"tensorflow": QUIET, "absl": PRESSED}], ids=["first", "later"]
)
def test_while_libraries_are_imported(repository, tmp_path, stubs):
    for name, text in stubs.items():
        (tmp_path / f"{name}.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "launch.report", "--help"],
        cwd=repository, env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 130
    assert done.stderr == "error: interrupted before anything was begun\n" and not done.stdout


def test_while_a_launcher_works(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["-m"])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    early_interrupt.begin()
    assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    assert app.guarded(lambda: os.kill(os.getpid(), signal.SIGINT)) == 130
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: interrupted; finished files are whole")


@pytest.mark.parametrize("handler", [signal.SIG_IGN, lambda number, frame: None])
def test_whoever_has_a_way_of_their_own_keeps_it(monkeypatch, handler):
    monkeypatch.setattr(sys, "argv", ["-m"])
    before = signal.signal(signal.SIGINT, handler)
    try:
        early_interrupt.begin()
        early_interrupt.end()
        assert signal.getsignal(signal.SIGINT) == handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_notebook_that_imports_launch_keeps_its_own_ways():
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
