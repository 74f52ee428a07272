"""tf.data pipelines: endless training batches and the fixed views of a test.

Every training sample and its augmentation are a pure function of (seed, epoch, index): position `g` of the
endless sequence belongs to epoch `g // N` and to the video at place `g % N` of that epoch's permutation. So the order
is the same at any degree of parallelism, and resuming needs only the number of batches already drawn.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping

import numpy as np
import tensorflow as tf

from tvnet_keras.choices import check_choice
from tvnet_keras.errors import InputError
from tvnet_keras.video.augment import TRAIN_CROPS, Size, as_pair, require_test_crops
from tvnet_keras.video.cache import CachedVideos
from tvnet_keras.video.listing import VideoList
from tvnet_keras.video.shutdown import ends_quietly
from tvnet_keras.video.views import DRAWS, EvalViews, FrameSource, TrainSamples
from tvnet_keras.video.workers import workers_of

SAMPLINGS = ("even", "dense")
# Views of one video are decoded together; so many bytes of them may wait at a time.
VIEW_BYTES = 2**30


def train_dataset(
    videos: VideoList,
    *,
    counts: Mapping[str, int] | None = None,
    frames: int,
    size: Size,
    batch_size: int,
    seed: int,
    start_step: int = 0,
    shard: tuple[int, int] = (0, 1),
    segments: int = 1,
    step: int = 1,
    short: str = "loop",
    crop: str = "corner",
    resize_short: int | None = None,
    flip: bool = True,
    colour_jitter: float = 0.0,
    draw: str = "epochs",
    cache: CachedVideos | None = None,
    parallel: int | None = None,
) -> tf.data.Dataset:
    """Endless training batches.

    Args:
        videos: the training list.
        counts: exact number of frames by path (`scan`); not needed with `cache`.
        frames: frames of a clip, T.
        size: of a frame, in pixels.
        batch_size: samples per batch of this dataset (with shards: of this shard).
        seed: 0 or more.
        start_step: batches that were already drawn from this dataset; it goes on after them.
        shard: (k, n) takes every n-th sample from the k-th on. The n shards together give every sample once, and their
            batches of one step together are the unsharded batch of n times the size. Chosen before anything is decoded.
        segments: clips per sample, S: one, anywhere in the video, or TSN's one per segment.
        step: distance between neighbouring frames of a clip, in frames of the video.
        short: policy for short videos, see `sample`.
        crop: see `augment.train_view`.
        resize_short: see `augment.train_view`, in pixels.
        flip: mirror half of the samples, as far as `videos.flip` allows; labels follow it.
        colour_jitter: strength, see `augment.jitter_colours`.
        draw: "epochs" (every video once per epoch) or "replacement" (every draw is any video, equally likely).
        cache: where to read frames from, instead of the video files.
        parallel: samples decoded at the same time; None takes one per core.

    Returns:
        Dataset of dicts: `clip` uint8 `[B, T, H, W, 3]` (`[B, S, T, H, W, 3]` with `segments` > 1), RGB 0..255; `label`
        int32 `[B]`; `index` int64 `[B]`, the video's place in the list.

    Raises:
        InputError: an empty list, an option out of range, a video without a count, or too short under `short="error"`.
            While iterating, a broken file stops with a TensorFlow error that `video_errors` turns back into a sentence.
    """
    check_choice("crop", crop, TRAIN_CROPS)
    require_at_least(0, seed=seed, start_step=start_step)
    require_at_least(1, frames=frames, batch_size=batch_size, segments=segments, step=step)
    which, shards = require_shard(shard)
    source = _source(videos, counts, cache, frames, step, short)
    samples = TrainSamples(
        source=source,
        seed=seed,
        frames=frames,
        segments=segments,
        step=step,
        short=short,
        size=as_pair(size),
        crop=crop,
        resize_short=resize_short,
        flip=flip,
        colour_jitter=colour_jitter,
        draw=check_choice("draw", draw, DRAWS),
    )
    first = start_step * batch_size * shards + which
    produce = ends_quietly(samples)
    shape = ((segments,) if segments > 1 else ()) + (frames, *as_pair(size), 3)

    def load(position: tf.Tensor) -> dict[str, tf.Tensor]:
        clip, label, index = tf.numpy_function(produce, [position], (tf.uint8, tf.int32, tf.int64), stateful=False)
        return {"clip": tf.ensure_shape(clip, shape), "label": scalar(label), "index": scalar(index)}

    dataset = tf.data.Dataset.range(first, np.iinfo(np.int64).max, shards)
    dataset = dataset.map(load, num_parallel_calls=workers_of(parallel), deterministic=True)
    return finish(dataset.batch(batch_size, drop_remainder=True))


def eval_dataset(
    videos: VideoList,
    *,
    counts: Mapping[str, int] | None = None,
    frames: int,
    size: Size,
    batch_size: int,
    clips: int = 1,
    crops: int = 1,
    sampling: str = "even",
    stride: int = 1,
    step: int = 1,
    short: str = "loop",
    crop: str = "center",
    resize_short: int | None = None,
    cache: CachedVideos | None = None,
    parallel: int | None = None,
    shard: tuple[int, int] = (0, 1),
) -> tf.data.Dataset:
    """Every view of every video once, in list order; the last batch may be smaller.

    Args:
        videos: the test list.
        counts: exact number of frames by path (`scan`); not needed with `cache`.
        frames: frames of a clip, T.
        size: of a frame, in pixels.
        batch_size: views per batch; the views of a video may fall into several batches.
        clips: per video, for "even" sampling.
        crops: per clip: 1, 5 or 10, see `augment.test_views`.
        sampling: "even" (`sample.even_clips`) or "dense" (`sample.dense_clips`).
        stride: distance between the starts of dense clips, in frames.
        step: distance between neighbouring frames of a clip, in frames of the video.
        short: policy for short videos, see `sample`.
        crop: "center" or "none".
        resize_short: see `augment.test_views`, in pixels.
        cache: where to read frames from, instead of the video files.
        parallel: videos decoded at the same time; None takes one per core, and fewer where the views of a video
            are large.
        shard: (k, n) takes every n-th video from the k-th on.

    Returns:
        Dataset of dicts: `clip` uint8 `[B, T, H, W, 3]`, RGB 0..255; `label` int32 `[B]`, the video's own; `index`
        int64 `[B]`, the video's place in the list; `flipped` bool `[B]`. The logits of a flipped view belong to
        mirrored labels: bring them back with `videos.flip_label` before taking the mean.

    Raises:
        InputError: an empty list, an option out of range, a video without a count, too short under `short="error"`, or
            10 crops of a data set that forbids flips.
    """
    check_choice("sampling", sampling, SAMPLINGS)
    require_test_crops(crops, crop)
    require_at_least(1, frames=frames, batch_size=batch_size, clips=clips, stride=stride, step=step)
    if crops == 10 and not videos.flips:
        raise InputError("10 crops mirror every clip but a mirrored video of this data set has no label; use 5 crops.")
    source = _source(videos, counts, cache, frames, step, short)
    views = EvalViews(
        source=source,
        frames=frames,
        clips=clips if sampling == "even" else None,
        stride=stride,
        step=step,
        short=short,
        size=as_pair(size),
        crops=crops,
        crop=crop,
        resize_short=resize_short,
    )
    produce = ends_quietly(views)
    shape = (None, frames, *as_pair(size), 3)

    def load(index: tf.Tensor) -> dict[str, tf.Tensor]:
        clip, label, flipped = tf.numpy_function(produce, [index], (tf.uint8, tf.int32, tf.bool), stateful=False)
        count = tf.shape(clip)[0]
        return {
            "clip": tf.ensure_shape(clip, shape),
            "label": tf.fill([count], scalar(label)),
            "index": tf.fill([count], index),
            "flipped": tf.ensure_shape(flipped, [None]),
        }

    most = max(views.count(index) for index in range(len(videos.videos))) * int(np.prod(shape[1:]))
    calls = parallel or min(workers_of(), max(1, VIEW_BYTES // most))
    dataset = tf.data.Dataset.range(shard[0], len(videos.videos), shard[1])
    dataset = dataset.map(load, num_parallel_calls=calls, deterministic=True).unbatch()
    return finish(dataset.batch(batch_size))


@contextlib.contextmanager
def video_errors() -> Iterator[None]:
    """Turns the TensorFlow error of a dataset whose file broke back into one sentence.

    Wrap the iteration over a dataset in it.

    Raises:
        InputError: the sentence of the error that stopped the dataset.
    """
    try:
        yield
    except tf.errors.OpError as error:
        sentence = re.search(r"\b(?:Video|Input|ShortVideo)Error: (.+)", error.message)
        if sentence is None:
            raise
        raise InputError(sentence[1].strip()) from error


def _source(
    videos: VideoList, counts: Mapping[str, int] | None, cache: CachedVideos | None, frames: int, step: int, short: str
) -> FrameSource:
    source = FrameSource(videos, counts, cache)
    source.require_clips(frames, step, short)
    return source


def scalar(value: tf.Tensor) -> tf.Tensor:
    """The same value, known to be a scalar; `tf.numpy_function` forgets shapes."""
    return tf.ensure_shape(value, [])


def finish(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """A dataset of batches as every pipeline hands it out: in order, two batches ahead, never sharded by a strategy."""
    options = tf.data.Options()
    options.deterministic = True
    # Were a strategy to shard this dataset itself, it could only do so by element: there are no input files.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return dataset.prefetch(2).with_options(options)


def require_shard(shard: tuple[int, int]) -> tuple[int, int]:
    """A shard (k, n), if there is such a part.

    Raises:
        InputError: not 0 <= k < n.
    """
    which, shards = shard
    if not 0 <= which < shards:
        raise InputError(f"shard must be (k, n) with 0 <= k < n. Received: shard={shard}")
    return which, shards


def require_at_least(least: int, **values: int) -> None:
    """Refuses numbers that are too small.

    Args:
        least: the smallest that is allowed.
        **values: numbers by the name of the option.

    Raises:
        InputError: a number is smaller.
    """
    for name, value in values.items():
        if value < least:
            raise InputError(f"{name} must be at least {least}. Received: {name}={value}")
