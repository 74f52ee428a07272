"""Videos as a source of Batches: with labels or without, with exact flow where their data set has it."""

import dataclasses
import hashlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import tensorflow as tf

from launch.run.config import Config, DataConfig, EvalConfig
from launch.run.progress import progress
from launch.run.recipes import clip_recipe, flow_recipe, multi_view, test_clip_recipe, test_flow_recipe
from launch.run.sharded_batches import sharded_batches
from launch.run.stored_flow import (
    asks_for_flow,
    learns_stored_flow,
    no_flow,
    of_exact_flow,
    of_store,
    reads_flow,
    require_flow,
)
from launch.run.video_lists import list_of
from tvnet_keras.choices import first_few
from tvnet_keras.errors import InputError
from tvnet_keras.flow import pipeline as flow_pipeline
from tvnet_keras.flow.sources import VideoFlowSource
from tvnet_keras.flow.store import StoredFlow
from tvnet_keras.video import datasets
from tvnet_keras.video.cache import CachedVideos
from tvnet_keras.video.listing import VideoList
from tvnet_keras.video.pipeline import eval_dataset, train_dataset
from tvnet_keras.video.recipe import RANDOM
from tvnet_keras.video.scan import scan
from tvnet_keras.video.split_files import found_elsewhere
from tvnet_keras.video.views import FlowBetween, FrameSource

MEMORY_FILE = ".tvnet_keras_frame_counts.json"
"""What the check of the videos found, beside them, so that every run has it."""

FLOW_FIELDS = ("flow", "known")


@dataclasses.dataclass(frozen=True)
class VideoSource:
    """A list of videos; see `launch.run.data.Source`.

    Attributes:
        config: of the run.
        subset: "train" or "test".
        videos: the list.
        exact_flow: reads a video's, None where the data set has none.
        counts: exact number of frames by path, once scanned.
        cache: where frames are read from instead of the files, once scanned.
        flow: where flow is read from beside the frames, once scanned; None where the method reads none, or there is
            exact flow to read.
        skipped: ids left out.
    """

    config: Config
    subset: str
    videos: VideoList
    exact_flow: Callable[[str], np.ndarray] | None = None
    counts: dict[str, int] = dataclasses.field(default_factory=dict)
    cache: CachedVideos | None = None
    flow: StoredFlow | None = None
    skipped: tuple[str, ...] = ()

    @classmethod
    def listed(cls, config: Config, subset: str) -> "VideoSource":
        """Reads the list, or the part of it that `data.validation` and `data.portion` leave or keep back.

        Raises:
            InputError: no such list, no video of it, two of one id, some are missing (`data.missing=error`), or they
                would be tested in mirrored views that have no label.
        """
        data = config.data
        videos, role = list_of(data, subset), _role(data, subset)
        _judge_missing(videos, data, role)
        if not videos.videos:
            raise InputError(f"No {role} video of --config.data.dataset={data.dataset} is under {data.root}.")
        _require_distinct_ids(videos, role)
        if subset == "test" and videos.class_names:
            _require_mirrors(videos, config)
        return cls(config, subset, videos, datasets.exact_flow_of(data.dataset))

    @property
    def class_names(self) -> tuple[str, ...]:
        """In label order; empty without labels."""
        return self.videos.class_names

    @property
    def offers(self) -> tuple[str, ...]:
        """`label` where the videos have classes, `flow` where it is stored, with `known` where it is to be learned."""
        stored = FLOW_FIELDS[:1] if self.config.data.flow else ()
        taught = self.exact_flow is not None or self._learns_stored_flow
        return (("label",) if self.class_names else ()) + (FLOW_FIELDS if taught else stored)

    @property
    def _learns_stored_flow(self) -> bool:
        return self.subset == "train" and learns_stored_flow(self.config)

    @property
    def names(self) -> tuple[tuple[str, int], ...]:
        """Ids and labels."""
        return tuple((video.video_id, video.label) for video in self.videos.videos)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about what of the folder is on no list."""
        return self.videos.notes

    @property
    def decoded(self) -> dict | None:
        """Quality and size of the cached frames, where a cache is read."""
        return None if self.cache is None else {"quality": self.cache.quality, "short_side": self.cache.short_side}

    @property
    def flow_read(self) -> dict | None:
        """What flow is read beside the frames: of which solver and in which form, or exact; None where none is."""
        if not reads_flow(self.config):
            return None
        return {"solver": "exact"} if self.flow is None else {**self.flow.solver, **dataclasses.asdict(self.flow.form)}

    @property
    def missing(self) -> int:
        """Listed videos that are not there."""
        return len(self.videos.missing)

    def require_trainable(self, needs: Sequence[str], strategy: tf.distribute.Strategy) -> None:
        """Refuses flow between other frames than neighbouring ones of one clip, and frames of several sizes.

        Stored flow that is learned may lie between frames further apart: it is composed.

        Raises:
            InputError: either is asked for.
        """
        data = self.config.data
        clip_recipe(data)
        if self._carry_exact_flow(needs) and (data.step != 1 or data.segments != 1):
            raise InputError(
                f"The exact flow of --config.data.dataset={data.dataset} is that of neighbouring frames of one clip: "
                f"set --config.data.step=1 --config.data.segments=1 instead of {data.step} and {data.segments}."
            )
        if "known" in needs and data.segments != 1:
            raise InputError(
                f"The flow of --config.data.flow={data.flow} is learned from one clip of every video: set "
                f"--config.data.segments=1 instead of {data.segments}."
            )

    def scanned(self, *, skip_unreadable: bool = False) -> "VideoSource":
        """Every file decoded once, or found in the cache; with stored flow, found there, too.

        Raises:
            InputError: files are broken, or not in `data.cache` or `data.flow`.
        """
        return self._decodable(skip_unreadable).with_flow(skip_unreadable=skip_unreadable)

    def with_flow(self, *, skip_unreadable: bool = False) -> "VideoSource":
        """With the store of `data.flow`, where the method reads flow; it has all that is asked of it.

        Raises:
            InputError: videos are not in the store, there is neither a store nor exact flow, or a clip has none.
        """
        if not asks_for_flow(self.config, self.subset):
            return self
        found = self
        if self.config.data.flow:
            stored = StoredFlow(self.config.data.flow)
            found = self._require_held(set(stored.video_ids), "flow", skip_unreadable)
            found = dataclasses.replace(found, flow=stored)
        require_flow(found.flow, found._frames, self.config, self.subset)
        return found

    def _decodable(self, skip_unreadable: bool) -> "VideoSource":
        data, listed = self.config.data, self.videos.videos
        role = _role(data, self.subset)
        if data.cache:
            cache = CachedVideos(data.cache)
            require_cached_size(cache, data, self.subset)
            held = self._require_held(set(cache.video_ids), "cache", skip_unreadable)
            return dataclasses.replace(held, cache=cache)
        with progress(f"checking the {role} videos", "files") as show:
            found = scan(listed, workers=data.workers or None, progress=show, cache_file=memory_file(data.root))
        broken = {problem.path: problem.message for problem in found.problems if problem.unusable}
        if broken and not skip_unreadable:
            raise InputError(
                f"{len(broken)} of {len(listed)} {role} videos cannot be read; mend them or go on without them "
                f"with --skip_unreadable: {first_few([message.rstrip('.') for message in broken.values()], '; ')}"
            )
        return self._without(broken, counts=found.counts)

    def _require_held(self, ids: set[str], field: str, skip_unreadable: bool) -> "VideoSource":
        """Without the videos that a store lacks, if that is allowed."""
        data, listed = self.config.data, self.videos.videos
        folder = getattr(data, field)
        absent = [video for video in listed if video.video_id not in ids]
        if absent and not skip_unreadable:
            raise InputError(
                f"{len(absent)} of {len(listed)} {_role(data, self.subset)} videos are not in "
                f"--config.data.{field}={folder}; "
                f"write the {field} again or go on without them with --skip_unreadable: "
                f"{first_few([video.video_id for video in absent], '; ')}"
            )
        return self._without({video.path: f"{video.path}: not in {folder}" for video in absent})

    def _without(self, reasons: dict[str, str], **found: Any) -> "VideoSource":
        for reason in reasons.values():
            print(f"skipped: {reason}", file=sys.stderr)
        skipped = tuple(video.video_id for video in self.videos.videos if video.path in reasons)
        return dataclasses.replace(
            self, videos=self.videos.without(reasons), skipped=(*self.skipped, *skipped), **found
        )

    def training(
        self, needs: Sequence[str], strategy: tf.distribute.Strategy, start_step: int
    ) -> tf.distribute.DistributedDataset:
        """The endless training batches, sharded before decoding over input pipelines.

        Raises:
            InputError: options of the data that do not fit together.
        """
        make = self._flow_batches if self._carry_exact_flow(needs) else self._clip_batches
        return sharded_batches(self.config, strategy, start_step, make)

    def _carry_exact_flow(self, needs: Sequence[str]) -> bool:
        """Whether training batches have exact flow, with what of it is known."""
        return "known" in needs and not self._learns_stored_flow

    def _clip_batches(self, **arguments: Any) -> tf.data.Dataset:
        batches = train_dataset(self._frames, clip_recipe(self.config.data), **arguments)
        return batches.map(_all_known) if self._learns_stored_flow else batches

    def _flow_batches(self, **arguments: Any) -> tf.data.Dataset:
        data = self.config.data
        source, multiple = self._flow_source(data.frames), self.config.train.accumulate
        return flow_pipeline.train_dataset(source, flow_recipe(data), multiple=multiple, **arguments)

    def views(self) -> tf.data.Dataset:
        """The views of every video that `config.eval` asks for."""
        return self._views(self.config.eval)

    def clips(self) -> tf.data.Dataset:
        """The central clip of every video, one view of it."""
        return self._views(EvalConfig(batch_size=self.config.eval.batch_size))

    def _views(self, test: EvalConfig) -> tf.data.Dataset:
        data = self.config.data
        return eval_dataset(
            self._frames,
            test_clip_recipe(data),
            multi_view(test),
            batch_size=test.batch_size,
            parallel=data.workers or None,
        )

    def flow_samples(self) -> tf.data.Dataset:
        """Every step of every video at the videos' own size, or the central clip at the training size."""
        own = self.config.eval.flow_size == "own"
        source = self._flow_source(None if own else self.config.data.frames)
        parallel = self.config.data.workers or None
        return flow_pipeline.eval_dataset(source, test_flow_recipe(self.config), parallel=parallel)

    def _flow_source(self, frames: int | None) -> VideoFlowSource:
        # Flow is asked of a source that offers it.
        exact_flow = cast(Callable[[str], np.ndarray], self.exact_flow)
        return VideoFlowSource(self._frames, exact_flow, frames_per_clip=frames, short=self.config.data.short)

    @property
    def _frames(self) -> FrameSource:
        return FrameSource(self.videos, self.counts, self.cache, self._flow_between)

    @property
    def _flow_between(self) -> FlowBetween | None:
        if not asks_for_flow(self.config, self.subset):
            return None
        if self.flow is not None:
            return of_store(self.flow)
        if self.exact_flow is not None:
            return of_exact_flow(self.exact_flow)
        raise no_flow(self.config)


def _role(data: DataConfig, subset: str) -> str:
    """What a subset is called to the user."""
    return "validation" if subset == "test" and data.validation else subset


def _all_known(batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """A batch with stored flow, of which a solver has computed every vector."""
    return batch | {"known": tf.ones(tf.shape(batch["flow"])[:-1])}


def require_cached_size(cache: CachedVideos, data: DataConfig, subset: str) -> None:
    """Refuses a cache of resized frames, unless the run would resize the videos' own frames in the same way.

    Args:
        cache: what `data.cache` holds.
        data: the run's data configuration.
        subset: "train" or "test", whose crop is asked for.

    Raises:
        InputError: the run would see other frames than without the cache.
    """
    held, asked = cache.short_side, data.resize_short
    flag, crop = ("crop", data.crop) if subset == "train" else ("test_crop", data.test_crop)
    if held is None:
        return
    cached = f"--config.data.cache={data.cache} holds frames resized to a short side of {held} px"
    if crop == "none":
        raise InputError(
            f"{cached}, but --config.data.{flag}=none resizes whole frames of the videos' own size to "
            f"{data.height} x {data.width}; give a cache written without --short_side."
        )
    if data.resize_long:
        raise InputError(
            f"{cached}, but --config.data.resize_long={data.resize_long} asks for another aspect; give a cache written "
            "without --short_side."
        )
    if held != asked:
        wish = f"{asked} px" if asked else "the videos' own size"
        raise InputError(
            f"{cached}, but --config.data.resize_short={asked} asks for {wish}; give --config.data.resize_short={held} "
            f"or a cache written by launch.prepare --short_side={asked}."
        )


def memory_file(root: str | os.PathLike) -> Path:
    """Where the check of the videos below `root` is remembered: there, or in the user's cache if that is read-only."""
    if os.access(root, os.W_OK):
        return Path(root) / MEMORY_FILE
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    where = Path(root).resolve()
    return caches / "tvnet_keras" / f"{where.name}-{hashlib.sha256(os.fsencode(where)).hexdigest()[:16]}.json"


def _require_distinct_ids(videos: VideoList, subset: str) -> None:
    """Refuses classes whose scores could not be written at the end, as those are joined by id."""
    first: dict[str, str] = {}
    for video in videos.videos if videos.class_names else ():
        other = first.setdefault(video.video_id, video.path)
        if other is not video.path:
            raise InputError(
                f"{other} and {video.path} have the same id {video.video_id!r} in the {subset} list; "
                "rename one of them or take it off the list."
            )


def _require_mirrors(videos: VideoList, config: Config) -> None:
    if config.eval.crops == 10 and config.eval.sampling != RANDOM and not videos.flips:
        raise InputError(
            "--config.eval.crops=10 mirrors every clip, but a mirrored video of "
            f"--config.data.dataset={config.data.dataset} has no label: set --config.eval.crops=5."
        )


def _judge_missing(videos: VideoList, data: DataConfig, subset: str) -> None:
    if not videos.missing:
        return
    listed = len(videos.videos) + len(videos.missing)
    sentence = f"{len(videos.missing)} of {listed} listed {subset} videos are missing"
    if data.missing == "error" or not videos.videos:
        names = first_few([video.video_id for video in videos.missing], "; ")
        rest = " or go on without them with --config.data.missing=report" if videos.videos else ""
        raise InputError(f"{sentence}: {names}; add them{rest}.{_elsewhere(videos, data.root)}")
    print(f"{sentence}; going on with {len(videos.videos)}.", file=sys.stderr)


def _elsewhere(videos: VideoList, root: str) -> str:
    found = found_elsewhere(Path(root), videos.missing)
    return f" One is {found}, where none is looked for: is --config.data.root={root} the right folder?" if found else ""
