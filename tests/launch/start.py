"""Starts a launcher's real `main` in a fresh process that has the libraries imported already."""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from multiprocessing.process import BaseProcess
from pathlib import Path

LIBRARIES = ["keras", "tensorflow", "cv2", "av", "rich.progress", "ml_collections.config_flags", "matplotlib.pyplot"]
"""Imported once; the project's own modules are not, so that their flags are defined as on the command line."""

SECONDS = 240


def start(module: str, arguments: list[str], folder: Path) -> tuple[int, str, str]:
    """Runs `python -m launch.MODULE ARGUMENTS` and returns exit code, output and error output.

    Args:
        module: of launch/.
        arguments: the flags.
        folder: where its output is kept.
    """
    process = begin(module, arguments, folder)
    process.join(SECONDS)
    if process.is_alive():
        process.kill()
        raise TimeoutError(f"launch.{module} {arguments} took more than {SECONDS} s")
    return process.exitcode, (folder / "out").read_text(), (folder / "error").read_text()


def begin(module: str, arguments: list[str], folder: Path) -> BaseProcess:
    """Starts `python -m launch.MODULE ARGUMENTS`, whose output goes to the files `out` and `error` in `folder`."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LIBRARIES)
    process = context.Process(target=_main, args=(module, arguments, str(folder)))
    process.start()
    return process


def _main(module: str, arguments: list[str], folder: str) -> None:
    for name, stream in (("out", sys.stdout), ("error", sys.stderr)):
        with open(Path(folder) / name, "w") as file:
            os.dup2(file.fileno(), stream.fileno())
    # As at a terminal: where the tests run in the background, Ctrl-C is ignored, which processes inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = [f"launch/{module}.py", *arguments]
    runpy.run_module(f"launch.{module}", run_name="__main__", alter_sys=True)


MEASURED = """
import runpy, sys
from launch.benchmarks.parts.fresh_process import peak_memory
try:
    runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
finally:
    print("peak", peak_memory())
"""


def peak_memory_of(repository: Path, module: str, arguments: list[str]) -> int:
    """The largest memory of `python -m launch.MODULE ARGUMENTS`, in bytes; it must end well."""
    command = [sys.executable, "-c", MEASURED, f"launch.{module}", *arguments]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1])
