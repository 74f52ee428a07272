"""The committed numbers behind every table, in one small JSON file per row and seed.

Example:
    >>> meaning, machine = {"split": 1, "clips": 25}, {"cores": 2}
    >>> result = Result("ucf101", "tvnet", 0, {}, meaning, "0123abc", machine, {"top1": 0.855}, {"TVNet": 1})
    >>> save_result("results", result).as_posix()
    'results/ucf101/tvnet-seed0.json'
    >>> (read,) = load_results("results")
    >>> read.number("top1"), read.is_stale({"TVNet": 2})
    (0.855, True)
"""

import json
import math
import os
import re
import reprlib
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any

from tvnet_keras.atomic import atomic_path
from tvnet_keras.entries import matching
from tvnet_keras.errors import InputError

STALE_MARK = "†"
"""The mark beside the numbers of stale results on every page."""

_MAY_BE_EMPTY = ("config", "solver_versions")
_MOST_BYTES = 2**24
_FILE_NAME_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")


@dataclass(frozen=True)
class Result:
    """One row of a table for one seed, which is checked when it is made.

    Args:
        table: name of the table, and of its folder.
        row: name of the row; letters, digits and `._+-`, as it names a file.
        seed: seed of the run, not negative.
        config: the merged config, a JSON object.
        protocol: what the numbers mean, a JSON object that is not empty: split, clips, crops, budget, ...
        commit: the code's version.
        machine: what it ran on, a JSON object that is not empty: processor, cores, versions, ...
        numbers: the results by name, finite numbers, at least one.
        solver_versions: `SOLVER_VERSION` by class name of the motion layers that made the numbers, empty where there
            are none; None where it is not known, as in files from before it was recorded.

    Raises:
        InputError: a field has the wrong type or is empty, or a number is not finite.
    """

    table: str
    row: str
    seed: int
    config: Mapping[str, Any]
    protocol: Mapping[str, Any]
    commit: str
    machine: Mapping[str, Any]
    numbers: Mapping[str, float]
    solver_versions: Mapping[str, int] | None = None

    def __post_init__(self) -> None:
        for field in ("table", "row"):
            name = getattr(self, field)
            if not isinstance(name, str) or not _FILE_NAME_PART.fullmatch(name):
                raise InputError(f"{field} of a result must be letters, digits and ._+-. Received: {field}={name!r}.")
        if not _is_number(self.seed, int) or self.seed < 0:
            raise InputError(f"seed of a result must be a whole number from 0. Received: seed={self.seed!r}.")
        if not isinstance(self.commit, str) or not self.commit:
            raise InputError(f"commit of a result must be a text that is not empty. Received: commit={self.commit!r}.")
        for field in ("config", "protocol", "machine", "numbers"):
            object.__setattr__(self, field, _json_object(field, getattr(self, field)))
        for name, number in self.numbers.items():
            if not _is_finite(number):
                raise InputError(f"numbers of a result must be finite numbers. Received: {name}={number!r}.")
        if self.solver_versions is not None:
            object.__setattr__(self, "solver_versions", _versions(self.solver_versions))

    @property
    def file_name(self) -> str:
        """Path of its file below the results' root."""
        return f"{self.table}/{self.row}-seed{self.seed}.json"

    def number(self, name: str, *, share: bool = False) -> float:
        """One of the numbers.

        Args:
            name: the name of the number.
            share: whether it must be a share, from 0 to 1.

        Raises:
            InputError: there is no such number, or it is no share.
        """
        if name not in self.numbers:
            raise InputError(f"{self.file_name} has no number {name}; run its row again.")
        value = float(self.numbers[name])
        if share and not 0 <= value <= 1:
            raise InputError(f"{self.file_name} has {name}={value}, which is no share from 0 to 1; run its row again.")
        return value

    def is_stale(self, current: Mapping[str, int]) -> bool:
        """Whether other mathematics than today's made it, or it is not known which.

        Args:
            current: `SOLVER_VERSION` of today's motion layers by class name (`motion_layer.current_versions`). Layers
                that are not in it are not judged.
        """
        if self.solver_versions is None:
            return True
        return any(current.get(name, version) != version for name, version in self.solver_versions.items())


def save_result(root: str | os.PathLike[str], result: Result) -> Path:
    """Writes `<root>/<table>/<row>-seed<k>.json`, whole or not at all; an earlier result of that name is replaced.

    Returns:
        The file's path.

    Raises:
        InputError: the file cannot be written.
    """
    path = Path(root) / result.file_name
    with atomic_path(path) as partial:
        partial.write_text(json.dumps(asdict(result), indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return path


def load_results(root: str | os.PathLike[str]) -> tuple[Result, ...]:
    """Reads every result below `root`, ordered by table, row and seed.

    Raises:
        InputError: `root` is no folder, or a file is damaged, has unknown or missing keys (only `solver_versions` may
            be absent), breaks a rule of `Result` or stands under another name than its content says.
    """
    root = Path(root)
    if not root.is_dir():
        raise InputError(f"There is no folder of results {root}; check the path.")
    results = [_load(root, path) for path in matching(root, "*/*.json")]
    return tuple(sorted(results, key=lambda result: (result.table, result.row, result.seed)))


def _load(root: Path, path: Path) -> Result:
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"no file of at most {_MOST_BYTES} bytes")
        content = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_without_repeats)
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is not a readable result ({error}); run its row again.") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} is not a result: it holds no JSON object; run its row again.")
    expected = [field.name for field in fields(Result)]
    missing = [field.name for field in fields(Result) if field.default is MISSING and field.name not in content]
    unknown = [key for key in content if key not in expected]
    if missing or unknown:
        listed = f"missing keys: {', '.join(missing) or 'none'}; unknown keys: {', '.join(unknown) or 'none'}"
        raise InputError(f"{path} is not a result ({listed}); run its row again.")
    try:
        result = Result(**content)
    except InputError as error:
        raise InputError(f"{path} is not a valid result: {error}") from error
    if path != root / result.file_name:
        raise InputError(f"{path} holds the result of {result.file_name}; rename it.")
    return result


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice} is in it twice")
    return content


def _is_finite(value: Any) -> bool:
    try:
        return _is_number(value, (int, float)) and math.isfinite(value)
    except OverflowError:  # JSON's whole numbers have no limit.
        return False


def _is_number(value: Any, types: type | tuple[type, ...]) -> bool:
    return isinstance(value, types) and not isinstance(value, bool)


def _versions(value: Any) -> dict[str, int]:
    versions = _json_object("solver_versions", value)
    for name, version in versions.items():
        if not _is_number(version, int) or version < 1:
            raise InputError(f"solver_versions of a result must be whole numbers from 1. Received: {name}={version!r}.")
    return versions


def _json_object(field: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or (field not in _MAY_BE_EMPTY and not value):
        raise InputError(
            f"{field} of a result must be a JSON object that is not empty. Received: {reprlib.repr(value)}."
        )
    if not all(isinstance(key, str) and key for key in value):
        raise InputError(f"{field} of a result must have texts that are not empty as keys. Received: {list(value)}.")
    try:
        return json.loads(json.dumps(dict(value), allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"{field} of a result must be finite JSON ({error}).") from error
