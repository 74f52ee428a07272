"""Where a result was made: commit, versions, machine."""

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

CODE = ("tvnet_keras", "models", "launch")
"""The folders whose code decides numbers; pages and results may change without making a commit another one."""

PACKAGES = ("tensorflow", "tensorflow-cpu", "keras", "numpy", "av", "opencv-contrib-python-headless")
"""The packages that decide numbers, as far as they are installed."""


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that decide numbers."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, str | int]:
    """Processor, system and number of cores."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return {"processor": model, "cores": os.cpu_count() or 1, "system": platform.system()}


def git_commit() -> str:
    """The repository's commit, followed by `+` if the code differs from it; empty outside a repository."""
    root = Path(__file__).resolve().parents[2]
    try:
        commit = _git(root, "rev-parse", "--short=12", "HEAD")
        return commit + ("+" if _git(root, "status", "--porcelain", "--untracked-files=no", "--", *CODE) else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True, check=True).stdout.strip()
