"""The first call and the memory of TVNet, measured in a process that has done nothing else."""

import dataclasses
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import tensorflow as tf

from launch.benchmarks._frames import clips
from launch.benchmarks._tvnet import Case, make_call

REPOSITORY = Path(__file__).resolve().parents[2]
LATER_CALLS = 3
LINUX_STATUS = Path("/proc/self/status")


def measure_fresh(case: Case, data_dir: str, numba_cache: str) -> dict[str, float]:
    """Runs a case in a new process.

    Args:
        case: what to run.
        data_dir: as for `_frames.clips`.
        numba_cache: folder of numba's compiled kernels; an empty one makes it compile them.

    Returns:
        `first_s`: seconds of the first call (building the layer, tracing, compiling and running it), after the
        imports of the framework; `later_s`: of the last call; `peak_gb`: highest resident memory of the process
        beyond what it had once the framework was imported and had run one operation, 1e9 bytes.
    """
    arguments = json.dumps({"case": dataclasses.asdict(case), "data_dir": data_dir and str(Path(data_dir).resolve())})
    done = subprocess.run(
        [sys.executable, "-m", __name__, arguments],
        cwd=REPOSITORY,
        env={**os.environ, "NUMBA_CACHE_DIR": numba_cache},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{case} failed in a process of its own:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def run_here(case: Case, data_dir: str) -> dict[str, float]:
    """Measures a case in this process; see `measure_fresh`."""
    pictures = clips(data_dir, case.batch, case.height, case.width)
    (tf.ones((8, 8)) @ tf.ones((8, 8))).numpy()
    before = peak_memory()
    start = time.perf_counter()
    call = make_call(case, pictures)
    call()
    first = time.perf_counter() - start
    for _ in range(LATER_CALLS):
        start = time.perf_counter()
        call()
        later = time.perf_counter() - start
    return {"first_s": first, "later_s": later, "peak_gb": (peak_memory() - before) / 1e9}


def peak_memory() -> int:
    """Highest resident memory that this process ever had, bytes."""
    # Linux hands getrusage's value down from the parent process, whose peak may be the higher one.
    if LINUX_STATUS.is_file():
        lines = LINUX_STATUS.read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    print(json.dumps(run_here(Case(**given["case"]), given["data_dir"])))
