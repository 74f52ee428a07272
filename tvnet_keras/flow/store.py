"""Flow of a whole list of videos, computed once by any solver and read beside their frames.

A folder has the form of a cache of frames (`video.shards`): a record is the flow from a frame to the next one, as the
8-bit picture of `flow.codec`. Either every pair of neighbouring frames is stored, or K evenly spaced windows of L pairs
of every video.
"""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from tvnet_keras.choices import check_choice
from tvnet_keras.errors import InputError
from tvnet_keras.flow.between import flow_between, steps_between
from tvnet_keras.flow.codec import BOUND, FORMATS, QUALITY, decode, encode, require_bound
from tvnet_keras.flow.solvers import Solver
from tvnet_keras.video.listing import Video, VideoList
from tvnet_keras.video.read import count_frames, iterate_frames
from tvnet_keras.video.sample import even_clips
from tvnet_keras.video.shard_index import Entry, field_of, list_of, read_index
from tvnet_keras.video.shards import Record, Store, read_pictures, write_shards


@dataclass(frozen=True)
class FlowFormat:
    """Which flow of a video is stored, and how.

    Attributes:
        form: PNG keeps the 8 bits as they are ("png"), JPEG is smaller and loses some ("jpg").
        quality: that of JPEG, 1 to 100; PNG has none.
        bound: the longest component that is kept, in pixels.
        windows: K, the number of evenly spaced windows of a video; 0 stores all pairs.
        window: L, the number of neighbouring pairs of a window; 0 with `windows=0`.

    Raises:
        InputError: a value out of range, or windows without a length.
    """

    form: str = "jpg"
    quality: int = QUALITY
    bound: float = BOUND
    windows: int = 0
    window: int = 0

    def __post_init__(self) -> None:
        check_choice("The form of stored flow", self.form, FORMATS)
        if not 1 <= self.quality <= 100:
            raise InputError(f"The JPEG quality must lie in 1..100. Received: quality={self.quality}")
        require_bound(self.bound)
        if min(self.windows, self.window) < 0 or bool(self.windows) != bool(self.window):
            raise InputError(
                "Windows of flow need a number and a length, both at least 1, or neither. "
                f"Received: windows={self.windows}, window={self.window}"
            )

    def pairs(self, frames: int) -> np.ndarray:
        """The first frames of the pairs that are stored of a video, int64, rising.

        Args:
            frames: number of frames of the video.

        Example:
            >>> FlowFormat(windows=2, window=3).pairs(10).tolist()
            [0, 1, 2, 6, 7, 8]
        """
        if not self.windows or frames <= self.window:
            return np.arange(frames - 1)
        return np.unique(even_clips(frames, self.window + 1, self.windows)[:, :-1])


def write_flow(
    videos: VideoList,
    folder: str | os.PathLike,
    make_solver: Callable[[], Solver],
    solver: Mapping[str, Any],
    form: FlowFormat | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
    shards: int | None = None,
    workers: int | None = None,
) -> "StoredFlow":
    """Computes and stores the flow of every video of a list; continues where a killed run stopped.

    Args:
        videos: the list; ids must be unique.
        folder: the folder of the store; it is made if it is absent.
        make_solver: makes a solver, once for each thread; see `flow.solvers.make_solver`.
        solver: what the solver is, as JSON: whatever decides its flow, such as its name and options.
        form: which pairs are stored, and how; None stores all of them as JPEG.
        progress: a function that is called with (videos done, videos in all) after each video, one call at a time.
        shards: number of record files; None makes one per `shards.VIDEOS_PER_SHARD` videos.
        workers: number of videos that are worked on at the same time; None takes one per core.

    Returns:
        The finished store.

    Raises:
        VideoError: a video cannot be decoded.
        InputError: an id is there twice, the solver cannot treat the frames, or the folder holds something else, cannot
            be written or is being written by another process.
    """
    form = form or FlowFormat()
    own = threading.local()

    def records(video: Video) -> Iterator[Record]:
        if not hasattr(own, "solve"):
            own.solve = make_solver()
        for number, pair in _pairs_of(video, form):
            yield Record(number, encode(own.solve(pair), form.bound, form.form, form.quality))

    recipe = {"solver": dict(solver), "flow": asdict(form), "class_names": list(videos.class_names)}
    write_shards(Store(videos, recipe, records), folder, progress=progress, shards=shards, workers=workers)
    return StoredFlow(folder)


class StoredFlow:
    """Flow of the videos in a store, by video id; safe to use from several threads.

    Args:
        folder: the folder that `write_flow` wrote.

    Raises:
        InputError: the folder holds no finished store of flow, or a damaged one.

    Attributes:
        solver: what the solver was, as `write_flow` was told.
        form: which pairs are stored, and how.
    """

    def __init__(self, folder: str | os.PathLike) -> None:
        self._folder = Path(folder)
        (self.solver, self.form), self._videos = read_index(self._folder, "store of flow", _settings_of)

    @property
    def video_ids(self) -> tuple[str, ...]:
        """The ids of all videos."""
        return tuple(self._videos)

    @property
    def bytes_per_pair(self) -> float:
        """Mean number of bytes that the flow of a pair takes."""
        lengths = [length for entry in self._videos.values() for length in entry.lengths]
        return float(np.mean(lengths))

    def pairs(self, video_id: str) -> tuple[int, ...]:
        """The first frames of the pairs whose flow is stored of a video.

        Args:
            video_id: the id of the video.

        Raises:
            InputError: the video is not in the store.
        """
        entry = self._entry(video_id)
        return tuple(range(len(entry.lengths))) if entry.frames is None else tuple(entry.frames)

    def read(self, video_id: str, first: np.ndarray, last: np.ndarray) -> np.ndarray:
        """The flow between frames, composed of that of the steps in between.

        Args:
            video_id: the id of the video.
            first: int64 `[N]`, frame numbers.
            last: int64 `[N]`, the frames that the flow leads to, none before its first one.

        Returns:
            float32 `[N, H, W, 2]`, pixels.

        Raises:
            InputError: the video or a pair between the frames is not in the store, its file is damaged, or a last frame
                lies before its first one.
        """
        return flow_between(lambda steps: self._steps(video_id, steps), first, last, name=video_id)

    def require(self, video_id: str, first: np.ndarray, last: np.ndarray) -> None:
        """Raises the errors of `read`, without reading, where what it needs is not in the store."""
        self._places(video_id, steps_between(first, last, name=video_id))

    def _steps(self, video_id: str, numbers: np.ndarray) -> np.ndarray:
        """The flow of single steps, float32 `[N, H, W, 2]`."""
        places = self._places(video_id, numbers)
        entry, bound = self._entry(video_id), self.form.bound
        fields = read_pictures(self._folder, video_id, entry, places, lambda picture: decode(picture, bound))
        return np.stack([fields[place] for place in places])

    def _places(self, video_id: str, numbers: np.ndarray) -> list[int]:
        """Where the records of single steps stand."""
        places = {frame: place for place, frame in enumerate(self.pairs(video_id))}
        absent = [frame for frame in numbers.tolist() if frame not in places]
        if absent:
            windows = f"{self.form.windows} windows of {self.form.window} pairs of every video"
            held = windows if self.form.windows else f"{len(places)} pairs of this video"
            raise InputError(
                f"The flow of {video_id} from frame {absent[0]} to {absent[0] + 1} is not in {self._folder}, which "
                f"holds {held}: read within them, or store more."
            )
        return [places[frame] for frame in numbers.tolist()]

    def _entry(self, video_id: str) -> Entry:
        if video_id not in self._videos:
            raise InputError(
                f"The flow of {video_id} is not in {self._folder}; store the flow of the whole data set there."
            )
        return self._videos[video_id]


def _pairs_of(video: Video, form: FlowFormat) -> Iterator[tuple[int, np.ndarray]]:
    """The pairs of frames of a video whose flow is stored: first frame, uint8 `[2, H, W, 3]`."""
    pairs = enumerate(pairwise(iterate_frames(video.path)))
    if form.windows:
        wanted = set(form.pairs(count_frames(video.path)).tolist())
        # Nothing is decoded behind the last of them.
        pairs = (pair for pair in islice(pairs, max(wanted) + 1) if pair[0] in wanted)
    for number, pair in pairs:
        yield number, np.stack(pair)


def _settings_of(stored: object) -> tuple[dict, FlowFormat]:
    list_of(stored, "class_names", str)
    try:
        form = FlowFormat(**field_of(stored, "flow", dict))
    except (TypeError, InputError) as error:
        raise ValueError(f"'flow' is no form of stored flow: {error}") from error
    return field_of(stored, "solver", dict), form
