"""Builds the package's wheel, and makes environments to install it in that see only what it asks for."""

import importlib.metadata
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterable, Mapping
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

SOURCES = ("tvnet_keras", "models", "launch", "setup.py", "pyproject.toml", "MANIFEST.in")
TEXTS = ("requirements.txt", "requirements-native.txt", "requirements-optional.txt", "README.md", "LICENSE")


def build_wheel(repository: Path, folder: Path, added: Mapping[str, Path]) -> Path:
    """The wheel of the repository as it is now, built without the network.

    Args:
        repository: its root; a copy is built, for setuptools leaves folders behind and takes old ones along.
        folder: where the copy and the wheel go.
        added: further files of the copy, by their paths in it.
    """
    copy = folder / "source"
    copy.mkdir()
    for name in (*SOURCES, *TEXTS):
        source = repository / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.is_file():
            shutil.copy(source, copy / name)
    for name, source in added.items():
        shutil.copy(source, copy / name)
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, copy)
    (wheel,) = folder.glob("*.whl")
    return wheel


def pip(*arguments: object) -> None:
    """Runs this environment's pip; a failure raises with what pip said."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, arguments)]
    run(command, cwd=None)


def run(command: list[str], cwd: Path | None) -> str:
    """What a command prints; its failure is an AssertionError with all that it said."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr[-8000:]}"
    return done.stdout


def empty_environment(folder: Path) -> Path:
    """The interpreter of a new virtual environment without any package, pip included."""
    venv.create(folder, with_pip=False, symlinks=True)
    return folder / "bin" / "python"


def site_packages(environment: Path) -> Path:
    """Where a virtual environment keeps its packages."""
    return Path(sysconfig.get_path("purelib", "venv", vars={"base": str(environment), "platbase": str(environment)}))


def requirements(distribution: importlib.metadata.Distribution) -> list[str]:
    """The names of what a distribution requires here, without extras."""
    parsed = map(Requirement, distribution.requires or ())
    return [canonicalize_name(one.name) for one in parsed if not one.marker or one.marker.evaluate({"extra": ""})]


def link_installed(names: Iterable[str], folder: Path) -> set[str]:
    """Links the named distributions and all that they require, of those installed here, into a folder.

    Returns:
        Their names: the transitive closure.
    """
    waiting, linked = list(names), set()
    while waiting:
        name = waiting.pop()
        if name not in linked:
            linked.add(name)
            distribution = importlib.metadata.distribution(name)
            _link(distribution, folder)
            waiting += requirements(distribution)
    return linked


def _link(distribution: importlib.metadata.Distribution, folder: Path) -> None:
    inside = {file.parts[:2] for file in distribution.files or () if file.parts[0] not in ("..", "__pycache__")}
    for parts in inside:
        source = Path(str(distribution.locate_file(parts[0])))
        if len(parts) == 1 or (source / "__init__.py").is_file():
            target = folder / parts[0]
        else:  # Several distributions may have their parts of one folder, such as google.
            source, target = source / parts[1], folder / parts[0] / parts[1]
            target.parent.mkdir(exist_ok=True)
        if not target.exists():
            target.symlink_to(source)
