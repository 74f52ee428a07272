"""The JSON files of a store, which say what its shards hold; all of it is checked, as it may be damaged."""

import json
import re
import zlib
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import tensorflow as tf

from tvnet_keras.atomic import atomic_path
from tvnet_keras.errors import InputError

INDEX_NAME = "index.json"
WRITE_AGAIN = "write it again, where it is: whole shards are kept"
OTHER_STORE = "holds other videos or settings; delete it or choose another folder"
SHARD_NAME = re.compile(r"shard-\d{5,}-of-(?P<count>\d{5,})(\.part-\d{5,})?")
# A TFRecord is: length (8 bytes), its checksum (4), the record, its checksum (4).
RECORD_HEADER, RECORD_FOOTER = 12, 4
LONGEST_RECORD = 2**31
CHECKSUM_DIGITS = 8

Settings = TypeVar("Settings")


@dataclass(frozen=True)
class Entry:
    """The place of a video in a store.

    Attributes:
        shard: the name of its file, without the ending.
        offset: offset of its first record in that file, in bytes.
        lengths: lengths of its records, in bytes.
        checksums: checksums of its records, one after the other. (The TFRecord format has its own, for which no library
            here has a function.)
        frames: the frame that each record belongs to, rising; None where all frames from 0 on have one.
    """

    shard: str
    offset: int
    lengths: list[int]
    checksums: str
    frames: list[int] | None = None

    @property
    def offsets(self) -> np.ndarray:
        """Where the content of each record begins, in bytes; int64."""
        lengths = np.asarray(self.lengths, np.int64) + RECORD_HEADER + RECORD_FOOTER
        return self.offset + np.cumsum(lengths) - lengths + RECORD_HEADER

    @property
    def end(self) -> int:
        """The offset at which the video's last record ends."""
        return self.offset + sum(self.lengths) + len(self.lengths) * (RECORD_HEADER + RECORD_FOOTER)

    def require_unchanged(self, frame: int, record: bytes) -> None:
        """Raises `ValueError` where a record is not the one that was written as this frame."""
        if checksum(record) != self.checksums[CHECKSUM_DIGITS * frame : CHECKSUM_DIGITS * (frame + 1)]:
            raise ValueError(f"the bytes of frame {frame} have changed")


def checksum(record: bytes) -> str:
    """CRC-32 in `CHECKSUM_DIGITS` hexadecimal digits."""
    return f"{zlib.crc32(record):0{CHECKSUM_DIGITS}x}"


def record_file(folder: Path, shard: str) -> Path:
    """The file of a shard."""
    return folder / f"{shard}.tfrecord"


def read_index(folder: Path, what: str, settings_of: Callable[[object], Settings]) -> tuple[Settings, dict[str, Entry]]:
    """Reads `index.json`, and checks that every shard is there and as long as it says.

    Args:
        folder: the folder of the store.
        what: what kind of store it is, such as "cache".
        settings_of: gives the settings of a parsed index, and raises ValueError where they are no such settings.

    Returns:
        The settings, and the place of every video by its id.

    Raises:
        InputError: there is no index, it is that of something else, or the index or a shard is damaged.
    """
    file = folder / INDEX_NAME
    if not file.exists():
        raise InputError(f"{file} does not exist, so {folder} holds no finished {what}; write one there first.")
    try:
        stored = _read_json(file)
        settings, videos = settings_of(stored), _entries(stored)
        if any(len(entry.checksums) != CHECKSUM_DIGITS * len(entry.lengths) for entry in videos.values()):
            raise ValueError("it lacks checksums, as those of earlier versions do")
        sizes = _sizes(videos.values())
    except (OSError, ValueError) as error:
        raise InputError(f"{file} is not the index of a {what} ({error}); {WRITE_AGAIN}.") from error
    for shard, size in sizes.items():
        path = record_file(folder, shard)
        if not path.is_file():
            raise InputError(f"{folder} lacks {path.name}, which {file} names; {WRITE_AGAIN}.")
        if path.stat().st_size != size:
            raise InputError(f"{path} is damaged: {path.stat().st_size} bytes instead of {size}; {WRITE_AGAIN}.")
    return settings, videos


def require_shards(folder: Path, count: int) -> None:
    """Raises `InputError` where the folder holds shards of a store with another number of them."""
    named = [SHARD_NAME.fullmatch(file.stem) for file in folder.glob("shard-*-of-*.json")]
    if any(match is None or int(match["count"]) != count for match in named):
        raise InputError(f"{folder} {OTHER_STORE}.")


def finished_shard(file: Path, recipe: dict) -> dict[str, Entry] | None:
    """The videos in a finished shard, all of whose records are read; None where the shard is not finished or not whole.

    Args:
        file: the JSON file beside the shard.
        recipe: what the shard is made of and how.

    Raises:
        InputError: the JSON file is damaged, or has another recipe.
    """
    shard = record_file(file.parent, file.stem)
    if not file.exists() or not shard.exists():
        return None
    try:
        stored = _read_json(file)
        entries, stored_recipe = _entries(stored), field_of(stored, "recipe", dict)
    except (OSError, ValueError) as error:
        raise InputError(f"{file} does not describe a shard ({error}); delete it and {WRITE_AGAIN}.") from error
    if stored_recipe != recipe:
        raise InputError(f"{file.parent} {OTHER_STORE}.")
    return _as_read(shard, entries)


def write_json(path: Path, recipe: dict, entries: dict[str, Entry]) -> None:
    """Writes a recipe with the places of videos beside it."""
    with atomic_path(path) as partial:
        videos = {video_id: asdict(entry) for video_id, entry in entries.items()}
        partial.write_text(json.dumps({**recipe, "videos": videos}))


def _as_read(shard: Path, entries: dict[str, Entry]) -> dict[str, Entry] | None:
    """The entries with the checksums that the shard's records have, or None where they are not those of the entries."""
    lengths, checksums = [], []
    try:
        whole = _sizes(entries.values()) == {shard.stem: shard.stat().st_size}
        # TensorFlow checks every record by the checksum of the format.
        for record in tf.data.TFRecordDataset(str(shard)).as_numpy_iterator():
            lengths.append(len(record))
            checksums.append(checksum(bytes(record)))
    except (tf.errors.OpError, ValueError):
        return None
    found, start = {}, 0
    for video_id, entry in sorted(entries.items(), key=lambda item: item[1].offset):
        end = start + len(entry.lengths)
        whole = whole and entry.lengths == lengths[start:end]
        found[video_id] = replace(entry, checksums="".join(checksums[start:end]))
        start = end
    return found if whole and start == len(lengths) else None


def _sizes(entries: Iterable[Entry]) -> dict[str, int]:
    """The length of every shard's file, in bytes; `ValueError` where the videos in one do not follow one another."""
    ends: dict[str, int] = {}
    for entry in sorted(entries, key=lambda entry: entry.offset):
        if entry.offset != ends.get(entry.shard, 0):
            raise ValueError(f"no video begins at byte {ends.get(entry.shard, 0)} of {entry.shard}")
        ends[entry.shard] = entry.end
    return ends


def _read_json(file: Path) -> object:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except RecursionError:
        raise ValueError("its brackets are nested too deep") from None


def _entries(stored: object) -> dict[str, Entry]:
    """The places of the videos, from JSON that may be damaged: `ValueError` where it holds anything else."""
    videos = field_of(stored, "videos", dict)
    if not videos:
        raise ValueError("it names no video")
    return {video_id: _entry(entry) for video_id, entry in videos.items()}


def _entry(stored: object) -> Entry:
    shard, lengths = field_of(stored, "shard", str), list_of(stored, "lengths", int)
    if not SHARD_NAME.fullmatch(shard):
        raise ValueError("'shard' is no name of a shard")
    if not 0 < min(lengths) <= max(lengths) < LONGEST_RECORD:
        raise ValueError("'lengths' holds one that no record has")
    optional = stored if isinstance(stored, dict) else {}
    checksums = field_of(stored, "checksums", str) if "checksums" in optional else ""
    frames = None if optional.get("frames") is None else list_of(stored, "frames", int)
    if frames is not None and (len(frames) != len(lengths) or frames[0] < 0 or frames != sorted(set(frames))):
        raise ValueError("'frames' does not rise, or has another length than 'lengths'")
    return Entry(shard, field_of(stored, "offset", int), lengths, checksums, frames)


def list_of(stored: object, name: str, kind: type) -> list:
    """A list of a parsed JSON object; ValueError where it is missing, empty or holds values of another type."""
    values = field_of(stored, name, list)
    if not values or not all(type(value) is kind for value in values):
        raise ValueError(f"{name!r} is empty or holds something else than {kind.__name__}")
    return values


def field_of(stored: object, name: str, *kinds: type) -> Any:
    """A field of a parsed JSON object; ValueError where it is missing or of none of these types."""
    if not isinstance(stored, dict) or name not in stored:
        raise ValueError(f"{name!r} is missing")
    # True is an int to `isinstance`, and no number in a file.
    if type(stored[name]) not in kinds:
        raise ValueError(f"{name!r} is a {type(stored[name]).__name__}")
    return stored[name]
