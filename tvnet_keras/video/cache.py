"""Videos decoded once and for all into TFRecords of JPEG frames, with access to any frame.

A folder holds `shard-00000-of-00004.tfrecord`, ... (one `tf.train.Example` per frame, video after video), a `.json`
beside each that says where in it a video starts, how long its records are and what their checksums are, and
`index.json`, written last. Who writes a cache again goes on at the first shard that is not finished or no longer whole.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError

from tvnet_keras.atomic import atomic_path
from tvnet_keras.errors import InputError
from tvnet_keras.one_writer import only_writer
from tvnet_keras.video.augment import resize_short_side
from tvnet_keras.video.cache_index import (
    INDEX_NAME,
    RECORD_FOOTER,
    RECORD_HEADER,
    WRITE_AGAIN,
    Entry,
    checksum,
    finished_shard,
    read_index,
    record_file,
    require_shards,
    write_json,
)
from tvnet_keras.video.listing import Video, VideoList
from tvnet_keras.video.read import iterate_frames
from tvnet_keras.video.workers import workers_of

VIDEOS_PER_SHARD = 64
"""Number of videos in a record file."""


def write_cache(
    videos: VideoList,
    folder: str | os.PathLike,
    *,
    quality: int = 95,
    short_side: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    shards: int | None = None,
    workers: int | None = None,
) -> CachedVideos:
    """Decodes every video of a list into JPEG frames; continues where a killed run stopped, and mends what is damaged.

    Args:
        videos: the list; ids must be unique.
        folder: the folder of the cache; it is made if it is absent.
        quality: the quality of the JPEG frames, 1 to 100.
        short_side: frames are resized to this short side, in pixels; None keeps their size.
        progress: a function that is called with (videos done, videos in all) after each video, from the writing
            threads, one at a time.
        shards: number of record files; None makes one per `VIDEOS_PER_SHARD` videos.
        workers: number of shards that are written at the same time; None takes one per core.

    Returns:
        The finished cache.

    Raises:
        VideoError: a video cannot be decoded.
        InputError: an id is there twice, `quality` is out of range, or the folder holds another cache, cannot be
            written or is being written by another process.
    """
    _require_writable_list(videos, quality)
    folder = Path(folder)
    count = min(shards or -(-len(videos.videos) // VIDEOS_PER_SHARD), len(videos.videos))
    parts = [videos.videos[number::count] for number in range(count)]
    recipe = {"quality": quality, "short_side": short_side, "class_names": list(videos.class_names)}
    done = _Progress(progress, len(videos.videos))

    def write(number: int) -> dict[str, Entry]:
        name = f"shard-{number:05d}-of-{count:05d}"
        shard_recipe = {**recipe, "sources": [_source(video) for video in parts[number]]}
        entries = finished_shard(folder / f"{name}.json", shard_recipe)
        if entries is None:
            return _write_shard(folder, name, parts[number], videos.class_names, shard_recipe, done)
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
    return CachedVideos(folder)


class CachedVideos:
    """Frames of the videos in a cache folder, by video id; safe to use from several threads.

    Args:
        folder: the folder that `write_cache` wrote.

    Raises:
        InputError: the folder holds no finished cache, or a damaged one.
    """

    def __init__(self, folder: str | os.PathLike) -> None:
        self._folder = Path(folder)
        self._index = read_index(self._folder)

    @property
    def quality(self) -> int:
        """JPEG quality of the frames, 1 to 100."""
        return self._index.quality

    @property
    def short_side(self) -> int | None:
        """The short side that the frames were resized to, in pixels; None where they have their own size."""
        return self._index.short_side

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes, in label order."""
        return self._index.class_names

    @property
    def video_ids(self) -> tuple[str, ...]:
        """The ids of all videos."""
        return tuple(self._index.videos)

    def count_frames(self, video_id: str) -> int:
        """The number of frames of a video.

        Args:
            video_id: the id of the video.

        Raises:
            InputError: the video is not in the cache.
        """
        return len(self._entry(video_id).lengths)

    def read_frames(self, video_id: str, indices: Sequence[int] | np.ndarray | None = None) -> np.ndarray:
        """Reads frames by their number; only these are decoded.

        Args:
            video_id: the id of the video.
            indices: frame numbers from 0, in any order and with repeats; None reads all.

        Returns:
            uint8 `[N, H, W, 3]`, RGB 0..255, in the order of `indices`.

        Raises:
            InputError: the video is not in the cache, or its file is damaged.
            ValueError: an index is out of range.
        """
        entry = self._entry(video_id)
        count = len(entry.lengths)
        wanted = np.arange(count) if indices is None else np.asarray(indices, np.int64).ravel()
        if wanted.size == 0 or wanted.min() < 0 or wanted.max() >= count:
            raise ValueError(f"indices must lie in 0..{count - 1}. Received: indices={indices!r}")
        pictures = self._decode(entry, video_id, sorted(set(wanted.tolist())))
        return np.stack([pictures[index] for index in wanted.tolist()])

    def _entry(self, video_id: str) -> Entry:
        if video_id not in self._index.videos:
            raise InputError(
                f"The video {video_id} is not in the cache {self._folder}; write the cache of the whole data set again."
            )
        return self._index.videos[video_id]

    def _decode(self, entry: Entry, video_id: str, indices: Sequence[int]) -> dict[int, np.ndarray]:
        """RGB pictures by frame number."""
        path = record_file(self._folder, entry.shard)
        lengths = np.asarray(entry.lengths, np.int64) + RECORD_HEADER + RECORD_FOOTER
        offsets = entry.offset + np.cumsum(lengths) - lengths + RECORD_HEADER
        pictures = {}
        try:
            with open(path, "rb") as file:
                for index in indices:
                    file.seek(offsets[index])
                    record = file.read(entry.lengths[index])
                    entry.require_unchanged(index, record)
                    feature = tf.train.Example.FromString(record).features.feature
                    if feature["video_id"].bytes_list.value[0] != video_id.encode():
                        raise ValueError("another video is in its place")
                    encoded = np.frombuffer(feature["image/encoded"].bytes_list.value[0], np.uint8)
                    pictures[index] = cv2.imdecode(encoded, cv2.IMREAD_COLOR_RGB)
        except (OSError, ValueError, IndexError, cv2.error, DecodeError) as error:
            raise InputError(f"{path}: video {video_id} cannot be read ({error}); {WRITE_AGAIN}.") from error
        return pictures


class _Progress:
    """Counts the videos that several threads have done."""

    def __init__(self, report: Callable[[int, int], None] | None, total: int) -> None:
        self._report, self._total, self._done, self._lock = report, total, 0, threading.Lock()

    def advance(self, videos: int = 1) -> None:
        with self._lock:
            self._done += videos
            if self._report:
                self._report(self._done, self._total)


def _write_shard(
    folder: Path, name: str, videos: Sequence[Video], class_names: Sequence[str], recipe: dict, done: _Progress
) -> dict[str, Entry]:
    entries, offset = {}, 0
    with atomic_path(folder / f"{name}.tfrecord") as partial, tf.io.TFRecordWriter(str(partial)) as writer:
        for video in videos:
            lengths, checksums = [], []
            for frame in iterate_frames(video.path):
                resized = resize_short_side(frame[None], recipe["short_side"])[0]
                record = _record(video, resized, class_names, recipe["quality"])
                writer.write(record)
                lengths.append(len(record))
                checksums.append(checksum(record))
            entries[video.video_id] = Entry(name, offset, lengths, "".join(checksums))
            offset = entries[video.video_id].end
            done.advance()
    write_json(folder / f"{name}.json", {"recipe": recipe}, entries)
    return entries


def _record(video: Video, frame: np.ndarray, class_names: Sequence[str], quality: int) -> bytes:
    """A frame as a serialised `tf.train.Example`."""
    bgr = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
    whole, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not whole:
        size = f"{frame.shape[1]} x {frame.shape[0]}"
        raise InputError(f"{video.path}: frames of {size} pixels cannot be stored as JPEG; ask for a short side.")
    class_name = class_names[video.label] if video.label >= 0 else ""
    feature = {
        "image/encoded": _bytes_feature(encoded.tobytes()),
        "video_id": _bytes_feature(video.video_id.encode()),
        "class_name": _bytes_feature(class_name.encode()),
        "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[video.label])),
    }
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()


def _bytes_feature(value: bytes) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


def _source(video: Video) -> list:
    # A file that has gone is left to the reader, which has the sentence for it.
    status = os.stat(video.path) if os.path.exists(video.path) else None
    stamp = [status.st_size, status.st_mtime_ns] if status else []
    return [video.video_id, video.label, *stamp]


def _require_writable_list(videos: VideoList, quality: int) -> None:
    if not videos.videos:
        raise InputError("There is no video to cache; check the data root and the classes.")
    ids = [video.video_id for video in videos.videos]
    if len(set(ids)) < len(ids):
        twice = next(name for name in ids if ids.count(name) > 1)
        raise InputError(f"The video id {twice!r} is in the list twice; take one of the files off the list.")
    if not 1 <= quality <= 100:
        raise InputError(f"The JPEG quality must lie in 1..100. Received: quality={quality}")
