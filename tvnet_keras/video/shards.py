"""Records of videos in TFRecord files, several files of many videos: what caches of frames and stores of flow share.

A folder holds `shard-00000-of-00004.tfrecord`, ... (one record per frame or flow field, video after video), a `.json`
beside each that says where in it a video starts, how long its records are and what their checksums are, and
`index.json`, written last. Who writes a folder again goes on at the first shard that is not finished or no longer whole.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import tensorflow as tf

from tvnet_keras.atomic import atomic_path
from tvnet_keras.errors import InputError
from tvnet_keras.one_writer import only_writer
from tvnet_keras.video.cache_index import (
    INDEX_NAME,
    RECORD_FOOTER,
    RECORD_HEADER,
    Entry,
    checksum,
    finished_shard,
    record_file,
    require_shards,
    write_json,
)
from tvnet_keras.video.listing import Video
from tvnet_keras.video.workers import workers_of

VIDEOS_PER_SHARD = 64

Records = Callable[[Video], Iterable[tuple[int, bytes]]]
"""The records of a video with the frame number that each belongs to, rising."""


def write_shards(
    videos: Sequence[Video],
    folder: Path,
    recipe: dict,
    records: Records,
    *,
    progress: Callable[[int, int], None] | None = None,
    shards: int | None = None,
    workers: int | None = None,
) -> None:
    """Writes the records of every video; continues where a killed run stopped, and mends what is damaged.

    Args:
        videos: the videos; ids must be unique.
        folder: where to write; it is made.
        recipe: JSON; how the records are made. A folder of another recipe is refused.
        records: makes the records of a video.
        progress: called with (videos done, videos in all) after each video, from the writing threads, one at a time.
        shards: number of record files; None makes one per `VIDEOS_PER_SHARD` videos.
        workers: shards that are written at the same time; None takes one per core.

    Raises:
        InputError: there is no video, an id is there twice, or the folder holds records of other videos or of another
            recipe, cannot be written or is being written by another process.
    """
    _require_distinct(videos)
    count = min(shards or -(-len(videos) // VIDEOS_PER_SHARD), len(videos))
    parts = [videos[number::count] for number in range(count)]
    done = _Progress(progress, len(videos))

    def write(number: int) -> dict[str, Entry]:
        name = f"shard-{number:05d}-of-{count:05d}"
        shard_recipe = {**recipe, "sources": [_source(video) for video in parts[number]]}
        entries = finished_shard(folder / f"{name}.json", shard_recipe)
        if entries is None:
            return _write_shard(folder, name, parts[number], shard_recipe, records, done)
        done.advance(len(entries))
        return entries

    with only_writer(folder), ThreadPoolExecutor(workers_of(workers)) as pool:
        require_shards(folder, count)
        futures = [pool.submit(write, number) for number in range(count)]
        try:
            entries = {name: entry for future in futures for name, entry in future.result().items()}
        finally:
            pool.shutdown(cancel_futures=True)
        write_json(folder / INDEX_NAME, recipe, entries)


def read_records(folder: Path, entry: Entry, places: Sequence[int]) -> Iterator[bytes]:
    """Records of a video, checked.

    Args:
        folder: of the shards.
        entry: where the video is.
        places: places among the video's records, from 0.

    Raises:
        OSError: the file cannot be read.
        ValueError: a record is not the one that was written.
    """
    lengths = np.asarray(entry.lengths, np.int64) + RECORD_HEADER + RECORD_FOOTER
    offsets = entry.offset + np.cumsum(lengths) - lengths + RECORD_HEADER
    with open(record_file(folder, entry.shard), "rb") as file:
        for place in places:
            file.seek(offsets[place])
            record = file.read(entry.lengths[place])
            entry.require_unchanged(place, record)
            yield record


class _Progress:
    """Counts videos over several threads."""

    def __init__(self, report: Callable[[int, int], None] | None, total: int):
        self._report, self._total, self._done, self._lock = report, total, 0, threading.Lock()

    def advance(self, videos: int = 1) -> None:
        with self._lock:
            self._done += videos
            if self._report:
                self._report(self._done, self._total)


def _write_shard(
    folder: Path, name: str, videos: Sequence[Video], recipe: dict, records: Records, done: _Progress
) -> dict[str, Entry]:
    entries, offset = {}, 0
    with atomic_path(folder / f"{name}.tfrecord") as partial, tf.io.TFRecordWriter(str(partial)) as writer:
        for video in videos:
            numbers, lengths, checksums = [], [], []
            for number, record in records(video):
                writer.write(record)
                numbers.append(number)
                lengths.append(len(record))
                checksums.append(checksum(record))
            entries[video.video_id] = Entry(name, offset, lengths, "".join(checksums), numbers)
            offset = entries[video.video_id].end
            done.advance()
    write_json(folder / f"{name}.json", {"recipe": recipe}, entries)
    return entries


def _source(video: Video) -> list:
    # A file that has gone is left to the reader, which has the sentence for it.
    status = os.stat(video.path) if os.path.exists(video.path) else None
    stamp = [status.st_size, status.st_mtime_ns] if status else []
    return [video.video_id, video.label, *stamp]


def _require_distinct(videos: Sequence[Video]) -> None:
    if not videos:
        raise InputError("There is no video to write records of; check the data root and the classes.")
    ids = [video.video_id for video in videos]
    if len(set(ids)) < len(ids):
        twice = next(name for name in ids if ids.count(name) > 1)
        raise InputError(f"The video id {twice!r} is in the list twice; take one of the files off the list.")
