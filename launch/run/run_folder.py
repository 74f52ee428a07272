"""A run's folder: `run.json` says which run it is, and the folder of another run is refused."""

import hashlib
import json
import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from launch.run import environment, extension, run_record
from launch.run.config import Config, check, from_dict, to_dict
from tvnet_keras.atomic import atomic_path
from tvnet_keras.errors import InputError
from tvnet_keras.one_writer import LOCK_FILE

FREE_FIELDS = ("data.workers", "data.missing", "train.log_every", "train.patience", "eval.")
"""Beginnings of the fields that a run may go on with other values of: what it learns in a step is the same."""

STEPS_FIELD = "train.steps"
"""The field of which a run may also go on with another value, but says so."""

PATH_FIELDS = ("data.root", "data.cache", "init_from")
"""Fields that name a file or folder, which may be written in several ways."""

RUN_FILE = "run.json"
WEIGHTS_FILE = "model.weights.h5"
LOGS_DIR = "logs"
CHECKPOINTS_DIR = "checkpoints"
CHECKPOINT_NAME = "ckpt-"
"""How the name of a checkpoint begins; its step follows."""


def claim(folder: Path, config: Config) -> dict:
    """Makes a run's folder, or returns what an earlier start of the same run left in it.

    Args:
        folder: `--output_dir`.
        config: the run's configuration.

    Returns:
        The content of `run.json` with the values that the run goes on with now; it is to be written once the run's data
        is known to be the same.

    Raises:
        InputError: the folder cannot be written, or holds something else, or a run that has begun to train with
            another configuration or for more steps.
    """
    existing = folder / RUN_FILE
    if existing.is_file():
        run = read(folder)
        # Through today's fields, so that a run of an earlier version has the defaults of those that it did not know.
        before, now = to_dict(read_config(folder)), to_dict(config)
        changed = {
            path: f"--config.{path} was {old!r}, is {new!r}"
            for path, old, new in differences(before, now)
            if not path.startswith(FREE_FIELDS)
            and not (path in PATH_FIELDS and _same_place(old, new, run.get("directory", "")))
        }
        if not changed:
            return {**run, "config": now, "directory": str(Path.cwd())}
        if set(changed) == {STEPS_FIELD} and has_begun(folder):
            longer = extension.extended(run, _newest_step(folder), config.train.steps, folder)
            return {**longer, "command": _command(), "config": now, "directory": str(Path.cwd())}
        # A start that bad data stopped before its first step left nothing that another configuration could mix with.
        if has_begun(folder):
            changed.pop(STEPS_FIELD, None)
            raise InputError(
                f"--output_dir={folder} holds a run of another configuration ({'; '.join([*changed.values()][:3])}); "
                "choose another folder or the same flags."
            )
    elif folder.is_dir() and any(not path.name.startswith((".partial.", LOCK_FILE)) for path in folder.iterdir()):
        raise InputError(f"--output_dir={folder} is not empty and holds no run; choose another folder.")
    run = {
        "command": _command(),
        "config": to_dict(config),
        "seed": config.seed,
        "commit": environment.git_commit(),
        "versions": environment.versions(),
        "machine": environment.machine(),
        "directory": str(Path.cwd()),
        "results": {},
    }
    write(folder, run)
    return run


def has_begun(folder: Path) -> bool:
    """Whether the run in `folder` has come as far as its first step."""
    # Any of them may have been deleted to save room.
    return any((folder / name).exists() for name in (LOGS_DIR, CHECKPOINTS_DIR, WEIGHTS_FILE))


def read(folder: Path) -> dict:
    """The content of `run.json`.

    Raises:
        InputError: there is none, or it is damaged.
    """
    path = Path(folder) / RUN_FILE
    try:
        return run_record.parse(path)
    except FileNotFoundError:
        raise InputError(f"{folder} holds no run: {path} is missing; give a folder that launch.train wrote.") from None


def read_config(folder: Path) -> Config:
    """The configuration of the run in `folder`.

    Raises:
        InputError: no run, one of another version of the program, or values that no run can have.
    """
    path, run = Path(folder) / RUN_FILE, read(folder)
    try:
        return check(from_dict(run["config"]))
    except InputError as error:
        raise InputError(f"{path} describes no run: {error}") from None
    except ValueError as error:
        raise InputError(f"{path} does not fit this version of the program: {error}.") from None


def required_config(flag: str, folder: str) -> Config:
    """The configuration of the run that a flag names.

    Raises:
        InputError: the flag is empty, or names no run.
    """
    if not folder:
        raise InputError(f"--{flag}=FOLDER is required: the folder that launch.train wrote.")
    return read_config(Path(folder))


def place_in(run: Path, given: str, name: str) -> Path:
    """The folder into which a launcher writes what it makes of a run, known before the launcher begins.

    Args:
        run: the run's folder.
        given: `--output_dir`; empty for a folder within the run's.
        name: the name of the folder within the run's.

    Raises:
        InputError: no folder is given, and the run's cannot be written.
    """
    if given:
        return Path(given)
    folder = run / name
    if not os.access(folder if folder.exists() else run, os.W_OK):
        raise InputError(f"--run={run} cannot be written, so its {name} has no place there; give --output_dir=FOLDER.")
    return folder


def write(folder: Path, run: dict) -> None:
    """Writes `run.json` atomically."""
    with atomic_path(Path(folder) / RUN_FILE) as partial:
        partial.write_text(json.dumps(run, indent=2) + "\n")


def add_results(folder: Path, **results: Any) -> dict[str, Any]:
    """Adds entries to the `results` of `run.json` and returns the whole."""
    run = read(folder)
    run["results"].update(results)
    write(folder, run)
    return run


def weights_sha256(folder: Path) -> str:
    """The SHA-256 fingerprint of a run's weight file."""
    with open(folder / WEIGHTS_FILE, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _newest_step(folder: Path) -> int:
    """The step of the newest checkpoint, whole or not; 0 without one."""
    names = [path.stem.removeprefix(CHECKPOINT_NAME) for path in (folder / CHECKPOINTS_DIR).glob("*.index")]
    return max((int(name) for name in names if name.isdecimal()), default=0)


def _command() -> str:
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    arguments = ["-m", spec.name, *sys.argv[1:]] if spec else list(sys.argv)
    return shlex.join([Path(sys.executable).name, *arguments])


def differences(old: dict, new: dict, prefix: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The fields in which two configurations differ.

    Args:
        old: a configuration as `to_dict` has it.
        new: another one.
        prefix: what stands before the names of the fields.

    Yields:
        A field, such as `train.lr`, with both values.
    """
    for key in {**old, **new}:
        before, after = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            yield from differences(before, after, f"{prefix}{key}.")
        elif before != after:
            yield f"{prefix}{key}", before, after


def _same_place(old: str, new: str, directory: str) -> bool:
    """Whether two names mean one file or folder, the old one as it was meant in `directory`."""
    return bool(old and new) and Path(directory, old).resolve() == Path(new).resolve()
