"""Videos decoded once and for all into shards of JPEG frames, with access to any frame."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import NoneType

import cv2
import numpy as np

from tvnet_keras.errors import InputError
from tvnet_keras.video.augment import resize_short_side
from tvnet_keras.video.listing import Video, VideoList
from tvnet_keras.video.read import iterate_frames
from tvnet_keras.video.shard_index import Entry, field_of, list_of, read_index
from tvnet_keras.video.shards import Record, Store, read_pictures, write_shards


def write_cache(
    videos: VideoList,
    folder: str | os.PathLike,
    *,
    quality: int = 95,
    short_side: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    shards: int | None = None,
    workers: int | None = None,
) -> "CachedVideos":
    """Decodes every video of a list into JPEG frames; continues where a killed run stopped, and mends what is damaged.

    Args:
        videos: the list; ids must be unique.
        folder: the folder of the cache; it is made if it is absent.
        quality: the quality of the JPEG frames, 1 to 100.
        short_side: frames are resized to this short side, in pixels; None keeps their size.
        progress: a function that is called with (videos done, videos in all) after each video, from the writing
            threads, one at a time.
        shards: number of record files; None makes one per `shards.VIDEOS_PER_SHARD` videos.
        workers: number of videos that are worked on at the same time; None takes one per core.

    Returns:
        The finished cache.

    Raises:
        VideoError: a video cannot be decoded.
        InputError: an id is there twice, `quality` is out of range, or the folder holds another cache, cannot be
            written or is being written by another process.
    """
    if not 1 <= quality <= 100:
        raise InputError(f"The JPEG quality must lie in 1..100. Received: quality={quality}")
    recipe = {"quality": quality, "short_side": short_side, "class_names": list(videos.class_names)}
    store = Store(videos, recipe, lambda video: _records(video, quality, short_side))
    write_shards(store, folder, progress=progress, shards=shards, workers=workers)
    return CachedVideos(folder)


@dataclass(frozen=True)
class _Settings:
    quality: int
    short_side: int | None
    class_names: tuple[str, ...]

    @classmethod
    def of(cls, stored: object) -> "_Settings":
        short_side, class_names = field_of(stored, "short_side", int, NoneType), list_of(stored, "class_names", str)
        return cls(field_of(stored, "quality", int), short_side, tuple(class_names))


class CachedVideos:
    """Frames of the videos in a cache folder, by video id; safe to use from several threads.

    Args:
        folder: the folder that `write_cache` wrote.

    Raises:
        InputError: the folder holds no finished cache, or a damaged one.
    """

    def __init__(self, folder: str | os.PathLike) -> None:
        self._folder = Path(folder)
        self._settings, self._videos = read_index(self._folder, "cache", _Settings.of)

    @property
    def quality(self) -> int:
        """JPEG quality of the frames, 1 to 100."""
        return self._settings.quality

    @property
    def short_side(self) -> int | None:
        """The short side that the frames were resized to, in pixels; None where they have their own size."""
        return self._settings.short_side

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes, in label order."""
        return self._settings.class_names

    @property
    def video_ids(self) -> tuple[str, ...]:
        """The ids of all videos."""
        return tuple(self._videos)

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
        pictures = read_pictures(self._folder, video_id, entry, sorted(set(wanted.tolist())), _decode)
        return np.stack([pictures[index] for index in wanted.tolist()])

    def _entry(self, video_id: str) -> Entry:
        if video_id not in self._videos:
            raise InputError(
                f"The video {video_id} is not in the cache {self._folder}; write the cache of the whole data set again."
            )
        return self._videos[video_id]


def _decode(picture: bytes) -> np.ndarray:
    decoded = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR_RGB)
    if decoded is None:
        raise ValueError("its bytes are no picture")
    return decoded


def _records(video: Video, quality: int, short_side: int | None) -> Iterator[Record]:
    """Every frame of a video as JPEG."""
    for number, frame in enumerate(iterate_frames(video.path)):
        resized = resize_short_side(frame[None], short_side)[0]
        bgr = cv2.cvtColor(resized, cv2.COLOR_RGB2BGR)
        whole, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if not whole:
            size = f"{resized.shape[1]} x {resized.shape[0]}"
            raise InputError(f"{video.path}: frames of {size} pixels cannot be stored as JPEG; ask for a short side.")
        yield Record(number, encoded.tobytes())
