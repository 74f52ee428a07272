"""How the flow of a sequence was made, written beside it, so that the same command goes on and others mix nothing."""

import json
from pathlib import Path
from typing import Any

from launch.flow_report.formats import COLOUR_FORMATS, FLOW_FORMATS, Place
from tvnet_keras.atomic import atomic_path
from tvnet_keras.errors import InputError

FRAMES = "frames"
"""The entry of `FLOW` that says which files were read."""

FLOW, COLOURS, SCALE, PAIRS = "flow", "colours", "scale", "pairs"
"""The entries of a record: what decides the vectors, what decides their colours, the length of a vector with a
saturated colour, in pixels, and the number of pairs once all are written."""

PARTS = {FLOW: (*FLOW_FORMATS, *COLOUR_FORMATS), COLOURS: COLOUR_FORMATS}
"""The formats that each part decides."""


class Record:
    """The record of a place.

    Args:
        place: where the results lie.
        replace: whether results of other settings are removed; else they are refused.
    """

    def __init__(self, place: Place, replace: bool) -> None:
        self._place, self._replace = place, replace
        self._content = _read(place.record)

    def claim(self, part: str, settings: dict[str, Any]) -> None:
        """Sees that what is there of a part has these settings, and notes them.

        Args:
            part: `FLOW` or `COLOURS`.
            settings: JSON.

        Raises:
            InputError: there are results of other settings, which may not be removed, or the record cannot be written.
        """
        settings = json.loads(json.dumps(settings))
        before = self._content.get(part)
        if before == settings:
            return
        # A run that was refused at its first pair has left its settings and nothing that they made.
        if before is not None and not self._replace and self._place.holds(PARTS[part]):
            raise InputError(
                f"{self._place.record} is of other settings ({_difference(before, settings)}); choose another "
                "--output_dir, or give --replace to compute it again."
            )
        # Without a record it is not known what made the files.
        self._place.remove(PARTS[part])
        kept = [FLOW, PAIRS] if part == COLOURS else []
        self._write({**{name: self._content[name] for name in kept if name in self._content}, part: settings})

    @property
    def pairs(self) -> int | None:
        """The number of pairs, where they have all been written once."""
        return self._content.get(PAIRS)

    def finish(self, pairs: int) -> None:
        """Notes that all pairs have been written."""
        if pairs != self.pairs:
            self._write({**self._content, PAIRS: pairs})

    def scale(self) -> float | None:
        """The scale of the colours, where it is known."""
        return self._content.get(SCALE)

    def note_scale(self, pixels: float) -> None:
        """Notes the length of a vector with a saturated colour, in pixels."""
        self._write({**self._content, SCALE: pixels})

    def _write(self, content: dict[str, Any]) -> None:
        with atomic_path(self._place.record) as partial:
            partial.write_text(json.dumps(content, indent=2) + "\n")
        self._content = content


def _read(path: Path) -> dict[str, Any]:
    """What a record holds; a damaged one holds nothing."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _difference(before: Any, now: dict[str, Any]) -> str:
    """The settings that differ, in words."""
    if not isinstance(before, dict):
        return "they are unknown"
    keys = [key for key in {**before, **now} if before.get(key) != now.get(key)]
    return ", ".join(_changed(key, before.get(key), now.get(key)) for key in keys)


def _changed(key: str, before: Any, now: Any) -> str:
    # Of files the record has a checksum, which tells a reader nothing.
    if key == FRAMES:
        return "it is of other files, or of files that have changed since"
    return f"{key} was {_word(before)} and is {_word(now)}"


def _word(value: Any) -> str:
    return json.dumps(value).replace('"', "")
