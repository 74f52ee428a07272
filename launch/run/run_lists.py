"""The lists that a run learns from and is tested on, kept in its folder, so that it goes on with the same ones."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from launch.run.data import Source
from launch.run.run_folder import has_begun
from launch.run.run_record import require_type, shown
from tvnet_keras.atomic import atomic_path
from tvnet_keras.errors import InputError

LISTS_FILE = "lists.json"

Lists = dict[str, list[list]]
"""By what a list holds, such as "train samples": `[name, label]` of every entry, in list order."""


def in_order(names: Sequence[str]) -> list[list]:
    """List entries of names whose label is their position."""
    return [[name, label] for label, name in enumerate(names)]


def listed(training: Source, test: Source) -> Lists:
    """The classes and the samples of both lists, whether they can be read or not."""
    return {
        "classes": in_order(training.class_names),
        "train samples": [list(name) for name in training.names],
        "test samples": [list(name) for name in test.names],
    }


def skipped(training: Source, test: Source) -> Lists:
    """The samples of both lists that are left out because they cannot be read."""
    return {
        "skipped train samples": [[name, -1] for name in training.skipped],
        "skipped test samples": [[name, -1] for name in test.skipped],
    }


def keep(folder: Path, lists: Lists) -> None:
    """Writes lists down, or refuses a run that has begun with others; those of a run without any are not compared.

    Which samples a batch holds depends on the number of samples: with one more or one less, a run that goes on would
    not be the one that was begun.

    Args:
        folder: the run's folder.
        lists: the lists that the run has now.

    Raises:
        InputError: an entry is new, is gone, stands elsewhere or has another label; the sentence names it.
    """
    kept = read(folder)
    if has_begun(folder):
        require_same(folder, kept, lists)
    with atomic_path(folder / LISTS_FILE) as partial:
        partial.write_text(json.dumps({**kept, **lists}) + "\n")


def read(folder: Path) -> Lists:
    """The lists of a run; none for a run without any.

    Raises:
        InputError: they are damaged.
    """
    path = folder / LISTS_FILE
    try:
        lists = json.loads(path.read_text()) if path.is_file() else {}
        _require_lists(lists)
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read: {error}; train in another --output_dir.") from None
    return lists


def _require_lists(lists: Any) -> None:
    require_type("the content", lists, dict)
    for what, entries in lists.items():
        require_type(what, entries, list)
        for entry in entries:
            require_type(f"an entry of {what}", entry, list)
            if [type(part) for part in entry] != [str, int]:
                raise ValueError(f"an entry of {what} must be a name and a label, but is {shown(entry)}")


def require_same(folder: Path, kept: Lists, lists: Lists) -> None:
    """Refuses to go on with other lists than a run began with.

    Args:
        folder: the run's folder.
        kept: the lists that the run began with.
        lists: the lists of now; a list that only one of both has is not compared.

    Raises:
        InputError: an entry is new, is gone, stands elsewhere or has another label; the sentence names it.
    """
    for what in sorted(set(kept) & set(lists)):
        for changed, names in _changes([tuple(item) for item in kept[what]], [tuple(item) for item in lists[what]]):
            if names:
                raise InputError(
                    f"The list of {what} has changed since the run in {folder} began: {names[0]} {changed} "
                    f"({len(names)} such); restore what was there, or train in another --output_dir."
                )


def _changes(before: list[tuple], now: list[tuple]) -> Iterator[tuple[str, list]]:
    """The changes that a list can have, each with the names of the entries that have it."""
    were, are = Counter(name for name, _ in before), Counter(name for name, _ in now)
    yield "is gone", list((were - are).elements())
    yield "is new", list((are - were).elements())
    pairs = list(zip(before, now, strict=True))
    if [name for name, _ in before] != [name for name, _ in now]:
        yield "stands at another place", [old[0] for old, new in pairs if old[0] != new[0]]
    yield "has another label", [old[0] for old, new in pairs if old != new]
