"""From a `DataConfig` to lists of videos that are known to be readable, and to tf.data pipelines."""

import dataclasses
import sys
from pathlib import Path

import tensorflow as tf

from launch.config import Config, DataConfig
from launch.progress import progress
from tvnet_keras.errors import InputError
from tvnet_keras.video import datasets
from tvnet_keras.video.cache import CachedVideos
from tvnet_keras.video.listing import VideoList
from tvnet_keras.video.pipeline import eval_dataset, train_dataset
from tvnet_keras.video.scan import scan

NAMED_AT_MOST = 5
"""Files named in one sentence about many."""


@dataclasses.dataclass(frozen=True)
class Source:
    """A list of videos that have all been read once, with their exact numbers of frames."""

    videos: VideoList
    counts: dict[str, int]
    cache: CachedVideos | None


def open_source(config: Config, subset: str, *, skip_unreadable: bool = False, memory: Path | None = None) -> Source:
    """Loads a list and decodes every file once, so that a broken one stops a run before its first step.

    Args:
        config: the run's configuration.
        subset: "train" or "test".
        skip_unreadable: drop broken files, naming them, instead of stopping.
        memory: JSON file that remembers what earlier scans found.

    Raises:
        InputError: listed files are missing (`data.missing=error`), broken, or not in `data.cache`, which may be
            of another size, too.
    """
    data = config.data
    videos = datasets.load(data.dataset, data.root, subset=subset, split=data.split, classes=data.classes)
    _judge_missing(videos, data.missing, subset)
    if not videos.videos:
        raise InputError(f"No {subset} video of --config.data.dataset={data.dataset} is under {data.root}.")
    if data.cache:
        return _cached_source(videos, data, subset, skip_unreadable)
    with progress(f"checking the {subset} videos", "files") as show:
        found = scan(videos.videos, workers=data.workers, progress=show, cache_file=memory)
    broken = [problem for problem in found.problems if problem.unusable]
    for problem in broken if skip_unreadable else ():
        print(f"skipped: {problem.message}", file=sys.stderr)
    if broken and not skip_unreadable:
        raise InputError(
            f"{len(broken)} of {len(videos.videos)} {subset} videos cannot be read; mend them or go on without them "
            f"with --skip_unreadable: {_some([problem.message.rstrip('.') for problem in broken])}"
        )
    return Source(videos.without([problem.path for problem in broken]), found.counts, None)


def _cached_source(videos: VideoList, data: DataConfig, subset: str, skip_unreadable: bool) -> Source:
    """The videos that a cache holds; one that was written with --skip_unreadable lacks some."""
    cache, folder = CachedVideos(data.cache), data.cache
    require_cached_size(cache, data, subset)
    held = set(cache.video_ids)
    absent = [video for video in videos.videos if video.video_id not in held]
    if absent and not skip_unreadable:
        raise InputError(
            f"{len(absent)} of {len(videos.videos)} {subset} videos are not in --config.data.cache={folder}; write the "
            f"cache again or go on without them with --skip_unreadable: {_some([video.video_id for video in absent])}"
        )
    for video in absent:
        print(f"skipped: {video.path}: not in {folder}", file=sys.stderr)
    return Source(videos.without([video.path for video in absent]), {}, cache)


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
    if held != asked:
        wish = f"{asked} px" if asked else "the videos' own size"
        raise InputError(
            f"{cached}, but --config.data.resize_short={asked} asks for {wish}; give --config.data.resize_short={held} "
            f"or a cache written by launch.prepare --short_side={asked}."
        )


def training_data(
    source: Source, config: Config, strategy: tf.distribute.Strategy, start_step: int
) -> tf.distribute.DistributedDataset:
    """The endless training batches, from step `start_step` on, sharded before decoding over input pipelines."""
    data, train = config.data, config.train

    def make(context: tf.distribute.InputContext) -> tf.data.Dataset:
        replicas = context.num_replicas_in_sync // context.num_input_pipelines
        return train_dataset(
            source.videos,
            counts=source.counts,
            frames=data.frames,
            size=(data.height, data.width),
            batch_size=context.get_per_replica_batch_size(train.batch_size),
            seed=config.seed,
            # The dataset counts the batches of one replica.
            start_step=start_step * replicas,
            shard=(context.input_pipeline_id, context.num_input_pipelines),
            segments=data.segments,
            step=data.step,
            short=data.short,
            crop=data.crop,
            resize_short=data.resize_short or None,
            flip=data.flip,
            colour_jitter=data.colour_jitter,
            cache=source.cache,
            parallel=data.workers,
        )

    return strategy.distribute_datasets_from_function(make)


def test_views(source: Source, config: Config, **overrides) -> tf.data.Dataset:
    """The views of every video that `config.eval` asks for; `overrides` go to `eval_dataset`."""
    data, test = config.data, config.eval
    arguments = {
        "frames": data.frames,
        "size": (data.height, data.width),
        "batch_size": test.batch_size,
        "clips": test.clips,
        "crops": test.crops,
        "sampling": test.sampling,
        "step": data.step,
        "short": data.short,
        "crop": data.test_crop,
        "resize_short": data.resize_short or None,
        "parallel": data.workers,
        **overrides,
    }
    return eval_dataset(source.videos, counts=source.counts, cache=source.cache, **arguments)


def _judge_missing(videos: VideoList, policy: str, subset: str) -> None:
    if not videos.missing:
        return
    listed = len(videos.videos) + len(videos.missing)
    sentence = f"{len(videos.missing)} of {listed} listed {subset} videos are missing"
    if policy == "error":
        names = _some([video.video_id for video in videos.missing])
        raise InputError(f"{sentence}: {names}; add them or go on without them with --config.data.missing=report.")
    print(f"{sentence}; going on with {len(videos.videos)}.", file=sys.stderr)


def _some(names: list[str]) -> str:
    shown = "; ".join(names[:NAMED_AT_MOST])
    return shown + (f" and {len(names) - NAMED_AT_MOST} more" if len(names) > NAMED_AT_MOST else "")
