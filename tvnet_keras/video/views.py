"""From a place in a data set to the pixels of its views: what the pipelines call for each element."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from tvnet_keras.choices import check_choice
from tvnet_keras.errors import InputError
from tvnet_keras.video.augment import (
    View,
    cover,
    draw_view,
    jitter_colours,
    mirrored_views,
    random_window,
    test_flow_views,
    test_views,
)
from tvnet_keras.video.cache import CachedVideos
from tvnet_keras.video.listing import Video, VideoList
from tvnet_keras.video.read import read_frames
from tvnet_keras.video.recipe import RANDOM, ClipRecipe, MultiView
from tvnet_keras.video.sample import (
    SHORT_POLICIES,
    ShortVideoError,
    dense_clips,
    dense_count,
    even_clips,
    floor_clips,
    is_short,
    random_clip,
    segment_clips,
    window_clips,
)

FlowBetween = Callable[[Video, np.ndarray, np.ndarray], np.ndarray]
"""A function that reads the flow of a video between frames: of the numbers of N first and N last frames it gives
float32 `[N, H, W, 2]`, pixels."""


class FrameSource:
    """Frames of the videos of a list, from their files or from a cache.

    Args:
        videos: the list.
        counts: exact number of frames by path, as `tvnet_keras.video.scan.scan(videos.videos).counts` has them; not
            needed with `cache`.
        cache: read from here instead of the files.
        flow: reads the flow that goes with the frames; None where there is none.

    Raises:
        InputError: the number of frames of a video is not known.
    """

    def __init__(
        self,
        videos: VideoList,
        counts: Mapping[str, int] | None = None,
        cache: CachedVideos | None = None,
        flow: FlowBetween | None = None,
    ) -> None:
        self.videos = videos
        self._cache, self._flow = cache, flow
        if cache is not None:
            self._counts = [cache.count_frames(video.video_id) for video in videos.videos]
            return
        counts = counts or {}
        unknown = [video.path for video in videos.videos if video.path not in counts]
        if unknown:
            raise InputError(
                f"{unknown[0]}: its frames were not counted ({len(unknown)} such files); scan the list first "
                "(tvnet_keras.video.scan.scan), and take the files that it names off the list."
            )
        self._counts = [counts[video.path] for video in videos.videos]

    @property
    def has_flow(self) -> bool:
        """Whether the flow between frames can be read."""
        return self._flow is not None

    def read_flow(self, index: int, first: np.ndarray, last: np.ndarray) -> np.ndarray:
        """The flow between frames of the video at a place in the list, where there is any.

        Args:
            index: place in the list.
            first: int64 `[N]`, frame numbers.
            last: int64 `[N]`, the frames that the flow leads to.

        Returns:
            float32 `[N, H, W, 2]`, pixels.
        """
        if self._flow is None:
            raise ValueError("There is no flow beside these frames.")
        return self._flow(self.videos.videos[index], first, last)

    def count(self, index: int) -> int:
        """The number of frames of the video at a place in the list."""
        return self._counts[index]

    def read(self, index: int, frames: np.ndarray) -> np.ndarray:
        """Frames of the video at a place in the list.

        Args:
            index: place in the list.
            frames: int64, frame numbers in any shape, taken in row order.

        Returns:
            uint8 `[N, H, W, 3]`, RGB 0..255.
        """
        video = self.videos.videos[index]
        if self._cache is not None:
            return self._cache.read_frames(video.video_id, frames)
        return read_frames(video.path, frames)

    def read_views(self, index: int, frames: np.ndarray, view: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """Views of frames of the video at a place in the list, of which only these lie in memory together.

        Args:
            index: place in the list.
            frames: int64 `[N]`, frame numbers.
            view: of one frame, uint8 `[H, W, 3]`.

        Returns:
            `[N, ...]`, what `view` gives.
        """
        video = self.videos.videos[index]
        if self._cache is None:
            return read_frames(video.path, frames, view)
        return np.stack([view(self._cache.read_frames(video.video_id, [frame])[0]) for frame in frames])

    def require_clips(self, frames: int, step: int, short: str) -> None:
        """Refuses a list that clips cannot be taken from.

        Args:
            frames: of a clip.
            step: distance between neighbouring frames of a clip, in frames of the video.
            short: policy for short videos, see `sample`.

        Raises:
            InputError: an empty list, an unknown policy, or a video that is too short under `short="error"`.
        """
        check_choice("short", short, SHORT_POLICIES)
        if not self.videos.videos:
            raise InputError("The list has no video; check the data root, the split and the classes.")
        if short != "error":
            return
        for index, video in enumerate(self.videos.videos):
            if is_short(self.count(index), frames, step):
                raise ShortVideoError(
                    f"{video.path}: has {self.count(index)} frames but a clip of {frames} at step {step} spans "
                    f"{(frames - 1) * step + 1}; ask for fewer frames, or set short to loop or clamp."
                )


@dataclass(frozen=True)
class TrainSamples:
    """The endless sequence of training samples.

    Attributes:
        source: of the frames.
        recipe: of the clips and their views.
        seed: 0 or more.
        draw: one of `DRAWS`.
    """

    source: FrameSource
    recipe: ClipRecipe
    seed: int
    draw: str

    def __call__(self, position: int) -> tuple[Any, ...]:
        """The sample at a position of the sequence: clip, label, place of its video in the list; its flow, if any."""
        source, recipe = self.source, self.recipe
        index, rng = sample_at(int(position), len(source.videos.videos), self.seed, self.draw)
        numbers = self._frame_numbers(source.count(index), rng)
        pictures = source.read(index, numbers)
        view = draw_view(pictures.shape[1:3], recipe, rng)
        clip = view.of_frames(pictures)
        if recipe.colour_jitter > 0:
            clip = jitter_colours(clip, recipe.colour_jitter, rng)
        label = source.videos.videos[index].label
        label = np.int32(source.videos.flip_label(label) if view.flipped else label)
        fields = [view.of_flow(source.read_flow(index, *steps_of(numbers)))] if source.has_flow else []
        return self._by_segments(clip), label, np.int64(index), *map(self._by_segments, fields)

    def _by_segments(self, frames: np.ndarray) -> np.ndarray:
        """`[S T, ...] -> [S, T, ...]` where there are several segments."""
        segments = self.recipe.segments
        return frames.reshape(segments, -1, *frames.shape[1:]) if segments > 1 else frames

    def _frame_numbers(self, count: int, rng: np.random.Generator) -> np.ndarray:
        recipe = self.recipe
        same = {"step": recipe.step, "short": recipe.short}
        if recipe.windows:
            return window_clips(count, recipe.frames, recipe.windows, rng, segments=recipe.segments, **same)
        if recipe.segments > 1:
            return segment_clips(count, recipe.frames, recipe.segments, rng, **same)
        return random_clip(count, recipe.frames, rng, **same)


def steps_of(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and last frame of every step of clips `[clips, frames]`, clip by clip."""
    return numbers[:, :-1].ravel(), numbers[:, 1:].ravel()


@dataclass(frozen=True)
class EvalViews:
    """The views of a test video, piece by piece.

    Attributes:
        source: of the frames.
        recipe: of the clips and their views, with a crop for tests.
        chosen: which clips and crops of a video.
        at_once: clips of a piece, at most.
    """

    source: FrameSource
    recipe: ClipRecipe
    chosen: MultiView
    at_once: int

    def __call__(self, index: int, first: int) -> tuple[Any, ...]:
        """The views of the piece that begins at the clip `first`; clip by clip, crops within a clip.

        Returns:
            Views `[V, T, H, W, 3]`, label, and which views are mirrored `[V]`; their flow `[V, T-1, H, W, 2]`, if any.
        """
        index, first = int(index), int(first)
        numbers = self.clips_of(index)[first : first + self.at_once]
        label = np.int32(self.source.videos.videos[index].label)
        if self.chosen.sampling == RANDOM and self.recipe.crop != "none":
            clips, *flow = self._random_views(index, first, numbers)
            return clips, label, np.zeros(len(clips), bool), *flow
        # Neighbouring clips overlap: each frame is read once.
        distinct, where = np.unique(numbers, return_inverse=True)
        clips = _clip_by_clip(
            self.source.read_views(index, distinct, self._views_of_frame)[where.reshape(numbers.shape)]
        )
        flipped = np.tile(mirrored_views(self.chosen.crops), len(numbers))
        return clips, label, flipped, *([self._flow_of(index, numbers)] if self.source.has_flow else [])

    def _random_views(self, index: int, first: int, numbers: np.ndarray) -> list[np.ndarray]:
        """Views in windows anywhere `[V, T, H, W, 3]`, and their flow, if any, of clips from the clip `first` on."""
        distinct, where = np.unique(numbers, return_inverse=True)
        where = where.reshape(numbers.shape)
        frames = self.source.read_views(index, distinct, lambda frame: cover(frame[None], self.recipe)[0])
        views = [
            (clip, random_window(frames.shape[1:3], self.recipe, rng))
            for clip, rng in enumerate(self._random_of_clip(index, first + place) for place in range(len(numbers)))
            for _ in range(self.chosen.crops)
        ]
        found = [np.stack([window.cut(frames[where[clip]]) for clip, window in views])]
        if self.source.has_flow:
            flow = [self.source.read_flow(index, clip[:-1], clip[1:]) for clip in numbers]
            found.append(np.stack([View(window).of_flow(flow[clip]) for clip, window in views]))
        return found

    def _random_of_clip(self, index: int, clip: int) -> np.random.Generator:
        """The source of the windows of a clip, whichever piece it is in."""
        # One more than the clip: NumPy pads short seeds with zeros, so [seed, index, 0] is that of the clips' starts.
        return np.random.default_rng([self.chosen.seed, index, clip + 1])

    def clips_of(self, index: int) -> np.ndarray:
        """The frame numbers of all clips of the video at a place in the list, int64 `[clips, frames]`."""
        return self._frame_numbers(index, self.source.count(index))

    def _flow_of(self, index: int, numbers: np.ndarray) -> np.ndarray:
        steps, where = np.unique(np.stack(steps_of(numbers)), axis=1, return_inverse=True)
        views = [
            # One by one, so that flow of the videos' own size does not lie in memory together.
            test_flow_views(self.source.read_flow(index, *step[:, None]), self.recipe, self.chosen.crops)[:, 0]
            for step in steps.T
        ]
        return _clip_by_clip(np.stack(views)[where.reshape(len(numbers), -1)])

    def clip_count(self, index: int) -> int:
        """The number of clips of the video at a place in the list."""
        if self.chosen.sampling != "dense":
            return self.chosen.clips
        return dense_count(self.source.count(index), self.recipe.frames, self.chosen.stride, self.recipe.step)

    def _views_of_frame(self, frame: np.ndarray) -> np.ndarray:
        """Views `[crop, height, width, 3]` of a frame `[H, W, 3]`."""
        views, _ = test_views(frame[None], self.recipe, self.chosen.crops)
        # A part of the frame would keep the whole of it in memory.
        return views[:, 0].copy()

    def _frame_numbers(self, index: int, count: int) -> np.ndarray:
        recipe, chosen = self.recipe, self.chosen
        if chosen.sampling == RANDOM:
            rng, same = np.random.default_rng([chosen.seed, index]), {"step": recipe.step, "short": recipe.short}
            return np.concatenate([random_clip(count, recipe.frames, rng, **same) for _ in range(chosen.clips)])
        if chosen.sampling == "dense":
            return dense_clips(count, recipe.frames, chosen.stride, recipe.step, short=recipe.short)
        spaced = floor_clips if chosen.sampling == "floor" else even_clips
        return spaced(count, recipe.frames, chosen.clips, recipe.step, short=recipe.short)


def _clip_by_clip(views: np.ndarray) -> np.ndarray:
    """`[clip, frame, crop, ...] -> [clip crop, frame, ...]`."""
    views = np.ascontiguousarray(views.swapaxes(1, 2))
    return views.reshape(-1, *views.shape[2:])


DRAWS = ("epochs", "replacement")
"""How training samples follow each other: every epoch is a permutation, or every draw is any sample."""


def sample_at(position: int, count: int, seed: int, draw: str = "epochs") -> tuple[int, np.random.Generator]:
    """What stands at a position of the endless sequence of training samples.

    Args:
        position: from 0.
        count: samples in the data set.
        seed: 0 or more.
        draw: one of `DRAWS`.

    Returns:
        The sample's place in the data set, and the source of its random choices; functions of the arguments alone.
    """
    if draw == "replacement":
        rng = np.random.default_rng([seed, position])
        return int(rng.integers(count)), rng
    epoch, place = divmod(position, count)
    index = int(_permutation(seed, epoch, count)[place])
    # One more than the index: NumPy pads short seeds with zeros, so [seed, epoch, 0] is the permutation's own.
    return index, np.random.default_rng([seed, epoch, index + 1])


@lru_cache(maxsize=8)
def _permutation(seed: int, epoch: int, count: int) -> np.ndarray:
    return np.random.default_rng([seed, epoch]).permutation(count)
