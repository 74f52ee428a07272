"""tf.data pipelines: endless training batches and the fixed views of a test.

Every training sample and its augmentation are a pure function of (seed, epoch, index): position `g` of the
endless sequence belongs to epoch `g // N` and to the video at place `g % N` of that epoch's permutation. So the order
is the same at any degree of parallelism, and resuming needs only the number of batches already drawn.
"""

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import tensorflow as tf

from tvnet_keras.choices import check_choice
from tvnet_keras.errors import InputError
from tvnet_keras.video.augment import require_test_crops
from tvnet_keras.video.listing import VideoList
from tvnet_keras.video.recipe import RANDOM, TRAIN_CROPS, ClipRecipe, MultiView
from tvnet_keras.video.shutdown import ends_quietly
from tvnet_keras.video.views import DRAWS, EvalViews, FrameSource, TrainSamples
from tvnet_keras.video.workers import workers_of

# Views of one video are decoded together, so many bytes of them at most: of more, a video is decoded once a piece.
PIECE_BYTES = 2**28
# So many bytes of views may wait at a time.
VIEW_BYTES = 2**30


def train_dataset(
    source: FrameSource,
    recipe: ClipRecipe,
    *,
    batch_size: int,
    seed: int,
    start_step: int = 0,
    shard: tuple[int, int] = (0, 1),
    draw: str = "epochs",
    parallel: int | None = None,
) -> tf.data.Dataset:
    """Endless training batches.

    Args:
        source: the videos of the training list.
        recipe: of the clips and their views; they are mirrored only if the data set allows it, and labels follow.
        batch_size: samples per batch of this dataset (with shards: of this shard).
        seed: 0 or more.
        start_step: batches that were already drawn from this dataset; it goes on after them.
        shard: (k, n) takes every n-th sample from the k-th on. The n shards together give every sample once, and their
            batches of one step together are the unsharded batch of n times the size. Chosen before anything is decoded.
        draw: "epochs" (every video once per epoch) or "replacement" (every draw is any video, equally likely).
        parallel: samples decoded at the same time; None takes one per core.

    Returns:
        Dataset of dicts: `clip` uint8 `[B, T, H, W, 3]` (`[B, S, T, H, W, 3]` with S > 1 segments), RGB 0..255; `label`
        int32 `[B]`; `index` int64 `[B]`, the video's place in the list; where the source has flow, `flow` float32
        `[B, T-1, H, W, 2]` (`[B, S, T-1, H, W, 2]`), pixels of the views from each frame of the clip to the next.

    Raises:
        InputError: an empty list, an option out of range, or a video too short under `short="error"`. While iterating,
            a broken file stops with a TensorFlow error that `video_errors` turns back into a sentence.
    """
    check_choice("crop", recipe.crop, TRAIN_CROPS)
    require_at_least(0, seed=seed, start_step=start_step)
    require_at_least(1, batch_size=batch_size)
    which, shards = require_shard(shard)
    source.require_clips(recipe.frames, recipe.step, recipe.short)
    recipe = replace(recipe, flip=recipe.flip and source.videos.flips)
    produce = ends_quietly(TrainSamples(source, recipe, seed, check_choice("draw", draw, DRAWS)))
    first = start_step * batch_size * shards + which
    segments = (recipe.segments,) if recipe.segments > 1 else ()
    types = (tf.uint8, tf.int32, tf.int64, *_flow_types(source))

    def load(position: tf.Tensor) -> dict[str, tf.Tensor]:
        clip, label, index, *flow = tf.numpy_function(produce, [position], types, stateful=False)
        fields = {"clip": tf.ensure_shape(clip, segments + recipe.clip_shape)}
        if flow:
            fields["flow"] = tf.ensure_shape(flow[0], segments + recipe.flow_shape)
        return fields | {"label": scalar(label), "index": scalar(index)}

    dataset = tf.data.Dataset.range(first, np.iinfo(np.int64).max, shards)
    dataset = dataset.map(load, num_parallel_calls=workers_of(parallel), deterministic=True)
    return finish(dataset.batch(batch_size, drop_remainder=True))


def eval_dataset(
    source: FrameSource,
    recipe: ClipRecipe,
    chosen: MultiView | None = None,
    *,
    batch_size: int,
    parallel: int | None = None,
    shard: tuple[int, int] = (0, 1),
) -> tf.data.Dataset:
    """Every view of every video once, in list order; the last batch may be smaller.

    Args:
        source: the videos of the test list.
        recipe: of the clips and their views, with the crop "center" or "none"; what it draws at random is left out.
        chosen: which clips and crops of a video; None takes the centre of the middle clip.
        batch_size: views per batch; the views of a video may fall into several batches.
        parallel: videos decoded at the same time; None takes one per core. Fewer are where the views of a video are
            large; where they are very large, they come in pieces.
        shard: (k, n) takes every n-th video from the k-th on.

    Returns:
        Dataset of dicts: `clip` uint8 `[B, T, H, W, 3]`, RGB 0..255; `label` int32 `[B]`, the video's own; `index`
        int64 `[B]`, the video's place in the list; `flipped` bool `[B]`; `flow` as in training. The logits of a flipped
        view belong to mirrored labels: bring them back with `videos.flip_label` before taking the mean.

    Raises:
        InputError: an empty list, an option out of range, a video too short under `short="error"`, or 10 crops of a
            data set that forbids flips.
    """
    chosen = chosen or MultiView()
    # Windows that lie anywhere may be any number; of the whole frame, there is one.
    require_test_crops(1 if chosen.sampling == RANDOM and recipe.crop != "none" else chosen.crops, recipe.crop)
    require_at_least(1, batch_size=batch_size)
    _require_mirrors(source.videos, chosen)
    source.require_clips(recipe.frames, recipe.step, recipe.short)
    clip_bytes = int(np.prod(recipe.clip_shape)) + source.has_flow * 4 * int(np.prod(recipe.flow_shape))
    clip_bytes *= chosen.crops
    views = EvalViews(source, recipe, chosen, at_once=max(1, PIECE_BYTES // clip_bytes))
    counted = [views.clip_count(index) for index in range(len(source.videos.videos))]
    most = min(max(counted), views.at_once) * clip_bytes
    calls = min(parallel or workers_of(), max(1, VIEW_BYTES // most))
    pieces = [
        (index, first)
        for index in range(shard[0], len(counted), shard[1])
        for first in range(0, counted[index], views.at_once)
    ]
    dataset = tf.data.Dataset.from_tensor_slices(tuple(np.array(pieces, np.int64).reshape(-1, 2).T))
    dataset = dataset.map(_view_loader(views), num_parallel_calls=calls, deterministic=True).unbatch()
    return finish(dataset.batch(batch_size))


def _require_mirrors(videos: VideoList, chosen: MultiView) -> None:
    if chosen.sampling != RANDOM and chosen.crops == 10 and not videos.flips:
        raise InputError("10 crops mirror every clip but a mirrored video of this data set has no label; use 5 crops.")


def _view_loader(views: EvalViews) -> Callable:
    """The mapping from a video and its first clip to the dict of a piece of its views, with static shapes."""
    produce = ends_quietly(views)

    types = (tf.uint8, tf.int32, tf.bool, *_flow_types(views.source))

    def load(index: tf.Tensor, first: tf.Tensor) -> dict[str, tf.Tensor]:
        clip, label, flipped, *flow = tf.numpy_function(produce, [index, first], types, stateful=False)
        count = tf.shape(clip)[0]
        fields = {"clip": tf.ensure_shape(clip, (None, *views.recipe.clip_shape))}
        if flow:
            fields["flow"] = tf.ensure_shape(flow[0], (None, *views.recipe.flow_shape))
        return {
            **fields,
            "label": tf.fill([count], scalar(label)),
            "index": tf.fill([count], index),
            "flipped": tf.ensure_shape(flipped, [None]),
        }

    return load


def _flow_types(source: FrameSource) -> tuple[tf.DType, ...]:
    """The types of what comes after the other fields of a sample: its flow, where the source has any."""
    return (tf.float32,) if source.has_flow else ()


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
