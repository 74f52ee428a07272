"""The content of `run.json`, checked field by field, as anybody may have edited it."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tvnet_keras.errors import InputError

CONFIG_FIELDS = {"method": str, "experiment": str, "seed": int, "init_from": str}
CONFIG_SECTIONS = ("model", "data", "train", "eval")
RUN_FIELDS = {
    "command": str,
    "config": dict,
    "seed": int,
    "commit": str,
    "versions": dict,
    "machine": dict,
    "results": dict,
}
OPTIONAL_RUN_FIELDS = {"class_names": list, "directory": str, "extended": list}
"""Fields that an unfinished run, or a run of an earlier version, may lack."""

JSON_TYPE_NAMES = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}
"""What sentences call the types of JSON."""


def parse(path: Path) -> dict:
    """Reads and checks a `run.json`.

    Args:
        path: the file; it must be there.

    Raises:
        InputError: the file is damaged, or a field is missing, unknown or of another type; the sentence names it.
    """
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read: {error}.") from None
    try:
        _check(run)
    except ValueError as error:
        raise InputError(f"{path} does not fit this version of the program: {error}.") from None
    return run


def require_type(name: str, value: Any, kind: type) -> None:
    """Refuses a value of another type; numbers must be finite.

    Args:
        name: the name of the field.
        value: the value received.
        kind: a key of `JSON_TYPE_NAMES`; a float may be written as a whole number.

    Raises:
        ValueError: the value is of another type; the sentence names field, type and value.
    """
    kinds = (int, float) if kind is float else (kind,)
    right = isinstance(value, kinds) and (kind is bool or not isinstance(value, bool))
    if right and kind is float:
        right = math.isfinite(value)
    if not right:
        raise ValueError(f"{name} must be {JSON_TYPE_NAMES[kind]}, but is {shown(value)}")


def require_fields(name: str, values: Mapping, needed: Mapping[str, type], known: Mapping[str, type]) -> None:
    """Refuses an object with missing or unknown fields, or fields of another type.

    Args:
        name: the name of the object, with a point behind it, as in `config.`.
        values: the object.
        needed: types of the fields that must be there.
        known: types of the fields that may be there.

    Raises:
        ValueError: there is such a field; the sentence names the first one.
    """
    every = {**needed, **known}
    for field in [*needed, *values]:
        if field not in values:
            raise ValueError(f"{name}{field} is missing")
        if field not in every:
            raise ValueError(f"{name}{field} is unknown")
        require_type(f"{name}{field}", values[field], every[field])


def shown(value: Any) -> str:
    """A value as it stands in a sentence, cut where it is long."""
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _check(run: Any) -> None:
    require_type("the content", run, dict)
    require_fields("", run, RUN_FIELDS, OPTIONAL_RUN_FIELDS)
    require_fields("config.", run["config"], {**CONFIG_FIELDS, **dict.fromkeys(CONFIG_SECTIONS, dict)}, {})
    for name, value in run["results"].items():
        # A run of an earlier version may have ended with a number that is not finite.
        if not isinstance(value, float):
            require_type(f"results.{name}", value, float)
    names = run.get("class_names", [])
    for name in names:
        require_type("each of class_names", name, str)
    if len(set(names)) < len(names):
        raise ValueError("two of class_names are the same")
    for change in run.get("extended", []):
        require_type("each of extended", change, dict)
        require_fields("extended.", change, {"step": int, "steps": int}, {})
