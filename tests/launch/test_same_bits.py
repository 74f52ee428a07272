"""The same command ends with the same weights, whatever was compiled before and however often it was killed."""

import os
import signal
import subprocess
import time

import numpy as np
import pytest

from tests.launch.test_resume import weights

STEPS = 40
SECONDS = 300


@pytest.fixture
def training(overrides, command, repository, tmp_path):
    """Starts the training in a folder, with numba's compiled kernels in another."""
    flags = overrides("tvnet", train={"steps": STEPS, "checkpoint_every": 2, "accumulate": 2})

    def start(name, cache):
        return subprocess.Popen(
            command("train", *flags, f"--output_dir={tmp_path / name}"),
            cwd=repository,
            env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / cache)},
            stdout=subprocess.DEVNULL,
        )

    return start


def killed_midway(process, folder):
    """Kills a training once it has kept something."""
    deadline = time.monotonic() + SECONDS
    while not list(folder.glob("**/ckpt-*.index")):
        assert process.poll() is None and time.monotonic() < deadline, "no checkpoint was ever written"
        time.sleep(0.01)
    process.kill()
    assert process.wait() == -signal.SIGKILL, "it was done before it could be killed"


@pytest.mark.slow
def test_cold_warm_and_killed_runs_end_with_the_same_bits(training, tmp_path):
    assert training("cold", "cache").wait(SECONDS) == 0
    assert training("warm", "cache").wait(SECONDS) == 0
    # Killed with kernels that it compiled itself, gone on with those that were found.
    killed_midway(training("killed", "another cache"), tmp_path / "killed")
    assert training("killed", "cache").wait(SECONDS) == 0
    cold, warm, killed = (weights(tmp_path / name) for name in ("cold", "warm", "killed"))
    for one, other, third in zip(cold, warm, killed, strict=True):
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(one, third)
