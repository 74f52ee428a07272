"""One run of `tests.backends.compute` per installed backend, in its own process: Keras has one backend in each."""

import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest

OTHERS = ("jax", "torch")


def run(repository, backend: str, *arguments: str) -> str:
    """Runs this Python on the backend; returns what it printed."""
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=repository, env=environment, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session", params=OTHERS)
def backend(request) -> str:
    """Every backend beside TensorFlow; skipped where it is not installed."""
    if importlib.util.find_spec(request.param) is None:
        pytest.skip(f"needs {request.param} (`make test-backends` installs it)")
    return request.param


@pytest.fixture(scope="session")
def reference(repository, tmp_path_factory):
    """What TensorFlow computes: `{case/name: array}` and the file that holds it."""
    path = tmp_path_factory.mktemp("backends") / "tensorflow.npz"
    run(repository, "tensorflow", "-m", "tests.backends.compute", str(path))
    return dict(np.load(path)), path


@pytest.fixture(scope="session")
def computed(repository, backend, reference):
    """What the backend computes: `{case/name: array}`."""
    path = reference[1].with_name(f"{backend}.npz")
    run(repository, backend, "-m", "tests.backends.compute", str(path), str(reference[1]))
    return dict(np.load(path))
