"""Runs the project's code in the project's environment, for tests in an environment that cannot import it."""

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

PYTHON_VARIABLE = "TVNET_KERAS_PYTHON"
SECONDS = 600


@pytest.fixture(scope="session")
def handed_over(repository, tmp_path_factory) -> Path:
    """The folder that `hand_over.py` wrote."""
    python = Path(os.environ.get(PYTHON_VARIABLE, repository / ".venv/bin/python"))
    # Not resolved: a virtual environment is known by the link that its interpreter is started through.
    python = python if python.is_absolute() else repository / python
    if not python.exists():
        pytest.fail(f"{python} is missing: say `make install`, or name an interpreter that has it in {PYTHON_VARIABLE}")
    folder = tmp_path_factory.mktemp("handed_over")
    command = [python, "-m", "tests.legacy.hand_over", folder]
    result = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=SECONDS)
    assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture(scope="session")
def ours(handed_over) -> Callable[[str], Mapping[str, np.ndarray]]:
    """`ours("warp")`: the arrays of that name, by key."""
    return lambda name: np.load(handed_over / f"{name}.npz")
