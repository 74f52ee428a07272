"""Records of the videos of a list in files of many videos each, written by several threads and read at any place.

A folder holds `shard-00000-of-00004.tfrecord`, ... (`tf.train.Example`s, video after video), a `.json` beside each that
says where in it a video starts, how long its records are and what their checksums are, and `index.json`, written last.
While a shard is written, every video that is done stands in a file of its own, so that who writes again after a kill
repeats no video that was finished.
"""

import os
import shutil
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import cv2
import tensorflow as tf
from google.protobuf.message import DecodeError

from tvnet_keras.atomic import atomic_path
from tvnet_keras.errors import InputError
from tvnet_keras.one_writer import only_writer
from tvnet_keras.video.listing import Video, VideoList
from tvnet_keras.video.shard_index import (
    INDEX_NAME,
    WRITE_AGAIN,
    Entry,
    checksum,
    finished_shard,
    record_file,
    require_shards,
    write_json,
)
from tvnet_keras.video.workers import workers_of

VIDEOS_PER_SHARD = 64
"""Number of videos in a record file."""

Decoded = TypeVar("Decoded")


@dataclass(frozen=True)
class Record:
    """One record of a video.

    Attributes:
        frame: the frame that it belongs to, counted from 0.
        picture: bytes of an encoded picture.
    """

    frame: int
    picture: bytes


@dataclass(frozen=True)
class Store:
    """What is written: the records of every video, and how they are made.

    Attributes:
        videos: the list; ids must be unique.
        recipe: settings as JSON, to which the index and all shards are bound.
        records: gives the records of a video, in the order of their frames.
    """

    videos: VideoList
    recipe: dict[str, Any]
    records: Callable[[Video], Iterable[Record]]

    def example(self, video: Video, record: Record) -> bytes:
        """A record as a serialised `tf.train.Example`."""
        class_name = self.videos.class_names[video.label] if video.label >= 0 else ""
        feature = {
            "image/encoded": _bytes_feature(record.picture),
            "video_id": _bytes_feature(video.video_id.encode()),
            "class_name": _bytes_feature(class_name.encode()),
            "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[video.label])),
        }
        return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()


def write_shards(
    store: Store,
    folder: str | os.PathLike,
    *,
    progress: Callable[[int, int], None] | None = None,
    shards: int | None = None,
    workers: int | None = None,
) -> None:
    """Writes a store; continues where a killed run stopped, and mends what is damaged.

    Args:
        store: what is written.
        folder: the folder; it is made if it is absent.
        progress: a function that is called with (videos done, videos in all) after each video, from the writing
            threads, one at a time.
        shards: number of record files; None makes one per `VIDEOS_PER_SHARD` videos.
        workers: number of videos that are worked on at the same time; None takes one per core.

    Raises:
        VideoError: a video cannot be decoded.
        InputError: there is no video, an id is there twice, or the folder holds another store, cannot be written or is
            being written by another process.
    """
    videos = _distinct(store.videos)
    count = min(shards or -(-len(videos) // VIDEOS_PER_SHARD), len(videos))
    done = _Progress(progress, len(videos))
    writers = [_ShardWriter(store, Path(folder), number, count, done) for number in range(count)]
    entries = {}
    with only_writer(Path(folder)), ThreadPoolExecutor(workers_of(workers)) as pool:
        require_shards(Path(folder), count)
        try:
            held = list(pool.map(_ShardWriter.finished, writers))
            parts = [
                [] if whole else [pool.submit(writer.part, place) for place in range(len(writer.videos))]
                for writer, whole in zip(writers, held, strict=True)
            ]
            for writer, whole, written in zip(writers, held, parts, strict=True):
                entries |= whole or writer.join([part.result() for part in written])
        finally:
            pool.shutdown(cancel_futures=True)
        write_json(Path(folder) / INDEX_NAME, store.recipe, entries)


def read_pictures(
    folder: Path, video_id: str, entry: Entry, places: Sequence[int], decode: Callable[[bytes], Decoded]
) -> dict[int, Decoded]:
    """Pictures of a video by the places of their records.

    Args:
        folder: the store's folder.
        video_id: the video's id.
        entry: where it stands.
        places: of the records, counted from the video's first one.
        decode: of a picture's bytes.

    Raises:
        InputError: the file is damaged.
    """
    path = record_file(folder, entry.shard)
    offsets = entry.offsets
    pictures = {}
    try:
        with open(path, "rb") as file:
            for place in places:
                file.seek(offsets[place])
                record = file.read(entry.lengths[place])
                entry.require_unchanged(place, record)
                feature = tf.train.Example.FromString(record).features.feature
                if feature["video_id"].bytes_list.value[0] != video_id.encode():
                    raise ValueError("another video is in its place")
                pictures[place] = decode(feature["image/encoded"].bytes_list.value[0])
    except (OSError, ValueError, IndexError, cv2.error, DecodeError) as error:
        raise InputError(f"{path}: video {video_id} cannot be read ({error}); {WRITE_AGAIN}.") from error
    return pictures


@dataclass
class _Progress:
    """Counts the videos that several threads have done."""

    report: Callable[[int, int], None] | None
    total: int
    done: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def advance(self, videos: int = 1) -> None:
        with self.lock:
            self.done += videos
            if self.report:
                self.report(self.done, self.total)


class _ShardWriter:
    """Writes one shard: every `count`-th video of the list, from the `number`-th on."""

    def __init__(self, store: Store, folder: Path, number: int, count: int, done: _Progress) -> None:
        self.store, self.folder, self.done = store, folder, done
        self.name = f"shard-{number:05d}-of-{count:05d}"
        self.videos = store.videos.videos[number::count]

    def finished(self) -> dict[str, Entry] | None:
        """The places of the shard's videos where it is finished and whole."""
        entries = finished_shard(self.folder / f"{self.name}.json", self._recipe(self.videos))
        if entries is not None:
            self.done.advance(len(entries))
            self._remove_parts()
        return entries

    def part(self, place: int) -> Entry:
        """The place of a video in a file of its own, written if it is not there."""
        video, name = self.videos[place], self._name_of_part(place)
        recipe = self._recipe([video])
        held = finished_shard(self.folder / f"{name}.json", recipe)
        entry = self._written(name, video) if held is None else held[video.video_id]
        if held is None:
            write_json(self.folder / f"{name}.json", {"recipe": recipe}, {video.video_id: entry})
        self.done.advance()
        return entry

    def join(self, parts: Sequence[Entry]) -> dict[str, Entry]:
        """Puts the files of the videos one after the other, which is a file of the same format, and removes them."""
        entries, offset = {}, 0
        with atomic_path(record_file(self.folder, self.name)) as partial, open(partial, "wb") as whole:
            for video, part in zip(self.videos, parts, strict=True):
                with open(record_file(self.folder, part.shard), "rb") as file:
                    shutil.copyfileobj(file, whole)
                entries[video.video_id] = replace(part, shard=self.name, offset=offset)
                offset = entries[video.video_id].end
        write_json(self.folder / f"{self.name}.json", {"recipe": self._recipe(self.videos)}, entries)
        self._remove_parts()
        return entries

    def _recipe(self, videos: Sequence[Video]) -> dict:
        return {**self.store.recipe, "sources": [_source(video) for video in videos]}

    def _name_of_part(self, place: int) -> str:
        return f"{self.name}.part-{place:05d}"

    def _written(self, name: str, video: Video) -> Entry:
        frames, lengths, checksums = [], [], []
        path = record_file(self.folder, name)
        with atomic_path(path) as partial, tf.io.TFRecordWriter(str(partial)) as writer:
            for record in self.store.records(video):
                example = self.store.example(video, record)
                writer.write(example)
                frames.append(record.frame)
                lengths.append(len(example))
                checksums.append(checksum(example))
        # Where every frame has its record, nothing need be said of them.
        return Entry(name, 0, lengths, "".join(checksums), None if frames == list(range(len(frames))) else frames)

    def _remove_parts(self) -> None:
        for place in range(len(self.videos)):
            (self.folder / f"{self._name_of_part(place)}.json").unlink(missing_ok=True)
            record_file(self.folder, self._name_of_part(place)).unlink(missing_ok=True)


def _bytes_feature(value: bytes) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


def _source(video: Video) -> list:
    # A file that has gone is left to the reader, which has the sentence for it.
    status = os.stat(video.path) if os.path.exists(video.path) else None
    stamp = [status.st_size, status.st_mtime_ns] if status else []
    return [video.video_id, video.label, *stamp]


def _distinct(videos: VideoList) -> tuple[Video, ...]:
    if not videos.videos:
        raise InputError("There is no video to write; check the data root and the classes.")
    ids = [video.video_id for video in videos.videos]
    if len(set(ids)) < len(ids):
        twice = next(name for name in ids if ids.count(name) > 1)
        raise InputError(f"The video id {twice!r} is in the list twice; take one of the files off the list.")
    return videos.videos
