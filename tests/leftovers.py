"""Half files, as killed processes leave them."""

import subprocess
import sys
from pathlib import Path

from tvnet_keras import atomic


def dead_process() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def half_file(path: Path, process: int, machine: str = "") -> Path:
    """Leaves what the process of that number, on this machine or another, would leave of `path`."""
    with atomic.atomic_path(path.parent / "elsewhere" / path.name) as partial:
        _, hidden, own, _, *rest = partial.name.split(".")
        partial.touch()
    (path.parent / "elsewhere" / path.name).unlink()
    (path.parent / "elsewhere").rmdir()
    half = path.with_name(".".join(["", hidden, machine or own, str(process), *rest]))
    half.write_bytes(b"half")
    return half


def as_a_new_process() -> None:
    """Lets this process look for leftovers in every folder again, as the next run would."""
    atomic._remove_leftovers.cache_clear()
