"""What every test shares: where the real data is, quiet libraries, and how many tests were skipped and why."""

import gc
import importlib.util
import os
import subprocess
import sys
import tarfile
from collections import Counter
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("MPLBACKEND", "Agg")

REPOSITORY = Path(__file__).resolve().parents[1]

KERNELS = (("adjoint",), ("level", "frames", "median"))
"""Modules of native kernels, in two halves that take about as long to compile."""

# Nothing of what is collected ever goes; looking through it was a third of the time that collecting takes.
gc.disable()


def pytest_collection_finish() -> None:
    """Garbage is collected from here on, except among the thousands of tests, which stay."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Compiles the native kernels of a fresh clone once, where every worker would compile them for itself."""
    # This process hands tests out and collects none.
    gc.enable()
    if importlib.util.find_spec("numba") is None:
        return
    imports = [", ".join(f"tvnet_keras.ops.native.{name}" for name in half) for half in KERNELS]
    started = [
        subprocess.Popen([sys.executable, "-c", f"import {names}"], cwd=REPOSITORY, stderr=subprocess.DEVNULL)
        for names in imports
    ]
    for process in started:
        process.wait()


def _folder(name: str) -> Path:
    folder = Path(os.environ.get("TVNET_KERAS_SHARED", REPOSITORY.parent / "shared")) / name
    if not folder.is_dir():
        pytest.skip(f"needs the real files of {folder} (set TVNET_KERAS_SHARED to their parent folder)")
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real videos, image pairs and authors' results; the test is skipped where they are absent."""
    return _folder("data")


@pytest.fixture(scope="session")
def goldens() -> Path:
    """Outputs and gradients of the official code, kept in the repository so that no clone goes without them."""
    return REPOSITORY / "tests/goldens"


@pytest.fixture(scope="session")
def official_lists(goldens, tmp_path_factory) -> Path:
    """The official lists of UCF101 and HMDB51 without any video, as `ucf101/splits` and `hmdb51/splits` in a folder."""
    folder = tmp_path_factory.mktemp("lists")
    with tarfile.open(goldens / "official_lists.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="session")
def repository() -> Path:
    """The repository's root folder."""
    return REPOSITORY


@pytest.fixture
def light_vgg16(monkeypatch) -> None:
    """VGG-16 with few channels in fc6 and fc7, whose 4096 make half a gigabyte that tests would only carry about."""
    monkeypatch.setattr("models.encoders.vgg16.DENSE", 64)


def pytest_terminal_summary(terminalreporter) -> None:
    """Says at the end of every run how many tests were skipped, and why, one line for each reason."""
    skipped = terminalreporter.stats.get("skipped", [])
    # A file that is skipped while it is imported counts once: nobody knows how many tests it holds.
    files = sum(isinstance(report, pytest.CollectReport) for report in skipped)
    terminalreporter.section(f"skipped: {len(skipped) - files} tests and {files} whole files")
    for (reason, what), count in Counter(map(_skip, skipped)).most_common():
        terminalreporter.line(f"{count:4} {what if count > 1 else what[:-1]}: {reason}")


def _skip(report: pytest.TestReport | pytest.CollectReport) -> tuple[str, str]:
    """Why something was skipped, and what: tests or files."""
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    what = "files" if isinstance(report, pytest.CollectReport) else "tests"
    return reason.removeprefix("Skipped: "), what
