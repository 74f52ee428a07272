"""The first call and the memory of a motion layer, measured in a process that has done nothing else."""

import dataclasses
import importlib
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import tensorflow as tf

REPOSITORY = Path(__file__).resolve().parents[3]
LATER_CALLS = 3
"""Number of calls after the first one, of which the last is timed."""

LINUX_STATUS = Path("/proc/self/status")
"""Where Linux tells the peak memory of this process."""


def measure_fresh(case: Any, data_dir: str, numba_cache: str) -> dict[str, float]:
    """Runs a case in a new process.

    Args:
        case: what to run, a `Case` of the modules `tvnet` or `representation_flow` of this folder: a dataclass in whose
            module `make_input` makes the data and `make_call` makes the function that is run on it.
        data_dir: the folder that `make_input` reads.
        numba_cache: folder of numba's compiled kernels; if it is empty, numba compiles them.

    Returns:
        `first_s`, the seconds of the first call (building the layer, tracing, compiling and running it) after the
        imports of the framework; `later_s`, the seconds of the last call; `peak_gb`, the highest resident memory of the
        process beyond what it had once the framework was imported and had run one operation, in 1e9 bytes.

    Raises:
        RuntimeError: the process fails; the message has what it printed.
    """
    arguments = {
        "module": type(case).__module__,
        "case": dataclasses.asdict(case),
        "data_dir": data_dir and str(Path(data_dir).resolve()),
    }
    done = subprocess.run(
        [sys.executable, "-m", __name__, json.dumps(arguments)],
        cwd=REPOSITORY,
        env={**os.environ, "NUMBA_CACHE_DIR": numba_cache},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{case} failed in a process of its own:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def run_here(case: Any, data_dir: str) -> dict[str, float]:
    """Measures a case in this process; see `measure_fresh`."""
    contestants = importlib.import_module(type(case).__module__)
    data = contestants.make_input(case, data_dir)
    (tf.ones((8, 8)) @ tf.ones((8, 8))).numpy()
    before = peak_memory()
    start = time.perf_counter()
    call = contestants.make_call(case, data)
    call()
    first = time.perf_counter() - start
    for _ in range(LATER_CALLS):
        start = time.perf_counter()
        call()
        later = time.perf_counter() - start
    return {"first_s": first, "later_s": later, "peak_gb": (peak_memory() - before) / 1e9}


def peak_memory() -> int:
    """The highest resident memory that this process ever had, in bytes."""
    # Linux hands getrusage's value down from the parent process, whose peak may be the higher one.
    if LINUX_STATUS.is_file():
        lines = LINUX_STATUS.read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    described = importlib.import_module(given["module"]).Case(**given["case"])
    print(json.dumps(run_here(described, given["data_dir"])))
