"""tf.data pipelines of frames with exact flow, by the same law as videos (`video.pipeline`).

Every sample and its augmentation are a pure function of the seed and its position in the endless sequence, so the order
is the same at any degree of parallelism, and resuming needs only the number of steps already done.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import tensorflow as tf

from tvnet_keras.choices import check_choice
from tvnet_keras.errors import InputError
from tvnet_keras.flow.augment import FlowRecipe, test_view, train_view
from tvnet_keras.flow.sources import FlowSource
from tvnet_keras.video.pipeline import finish, require_at_least, require_shard, scalar
from tvnet_keras.video.recipe import TEST_CROPS, TRAIN_CROPS
from tvnet_keras.video.shutdown import ends_quietly
from tvnet_keras.video.views import DRAWS, sample_at
from tvnet_keras.video.workers import workers_of


def train_dataset(
    source: FlowSource,
    recipe: FlowRecipe,
    *,
    batch_size: int,
    seed: int,
    start_step: int = 0,
    shard: tuple[int, int] = (0, 1),
    draw: str = "epochs",
    multiple: int = 1,
    parallel: int | None = None,
) -> tf.data.Dataset:
    """Endless training batches.

    A batch of 32 draws from eight pairs repeats them. Where equal draws give equal samples (nothing random in recipe or
    source) and draws of a step can repeat, each sample is computed once and weighted by how often it was drawn, which
    is the same gradient at a part of the work. Samples of their own sizes do not stack: then every distinct sample is a
    piece of its own, and consecutive elements of the dataset make a step.

    Args:
        source: the samples.
        recipe: of their views.
        batch_size: draws per step (with shards: of this shard).
        seed: 0 or more.
        start_step: steps that were already done; the dataset goes on after them.
        shard: (k, n) takes every n-th draw from the k-th on; the n shards together are the unsharded batch of n times
            the size. Samples of their own sizes take (0, 1).
        draw: "epochs" (every sample once per epoch) or "replacement" (every draw is any sample, equally likely).
        multiple: of which b is one, as `batch_size` is, so that a step can be computed in so many equal parts.
        parallel: samples made at the same time; None takes one per core.

    Returns:
        Dataset of dicts: `clip` uint8 `[b, T, h, w, 3]`, RGB 0..255; `flow` float32 `[b, T-1, h, w, 2]`, pixels;
        `known` float32 `[b, T-1, h, w]`, 0 or 1; `index` int64 `[b]`, the sample's place in the source; `label` int32
        `[b]` if the source has labels. Where samples are computed once also `weight` float32 `[b]`, how many draws each
        stands for (0 pads to a fixed b; the sum over a step is `batch_size`), and `pieces` int32, how many consecutive
        elements make this step.

    Example:
        >>> from tvnet_keras.flow.pairs import Pair
        >>> from tvnet_keras.flow.sources import PairSource
        >>> frames, flow = np.zeros((2, 40, 60, 3), "uint8"), np.zeros((40, 60, 2), "float32")
        >>> source = PairSource([Pair("still", frames=lambda: frames, truth=lambda: flow)])
        >>> recipe = FlowRecipe((32, 48), crop="random", flip=True, rotation=10)
        >>> batch = next(iter(train_dataset(source, recipe, batch_size=8, seed=0)))
        >>> batch["flow"].shape
        TensorShape([8, 1, 32, 48, 2])

    Raises:
        InputError: an option out of range. While iterating, a broken file stops with a TensorFlow error that
            `video.video_errors` turns back into a sentence.
    """
    check_choice("crop", recipe.crop, TRAIN_CROPS)
    check_choice("draw", draw, DRAWS)
    require_at_least(0, seed=seed, start_step=start_step)
    require_at_least(1, batch_size=batch_size, multiple=multiple)
    plan = _Plan(
        samples=_TrainSamples(source, replace(recipe, flip=recipe.flip and source.flips), seed, draw),
        batch_size=batch_size,
        shard=require_shard(shard),
        multiple=multiple,
    )
    if batch_size % multiple:
        raise InputError(f"batch_size={batch_size} must be a multiple of multiple={multiple}.")
    if plan.own_sizes and plan.shard[1] > 1:
        raise InputError(f"Samples of their own sizes cannot be split between replicas; give a size. Received: {shard}")
    return _planned_batches(plan, start_step, workers_of(parallel))


def _planned_batches(plan: "_Plan", start_step: int, parallel: int) -> tf.data.Dataset:
    """The batches of a plan from a step on, `parallel` samples made at the same time."""
    load = _loader(plan.samples.source, plan.samples.recipe, ends_quietly(plan.samples))

    def steps(step: tf.Tensor) -> dict[str, tf.Tensor]:
        position, weight = tf.numpy_function(ends_quietly(plan), [step], (tf.int64, tf.float32), stateful=False)
        position, weight = (tf.ensure_shape(part, [plan.rows]) for part in (position, weight))
        pieces = tf.size(position) if plan.own_sizes else 1
        return {"position": position, "weight": weight, "pieces": tf.fill(tf.shape(position), pieces)}

    def sample(planned: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        weights = {name: planned[name] for name in ("weight", "pieces")} if plan.weighted else {}
        return load(planned["position"]) | weights

    def of_step(batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return batch | ({"pieces": batch["pieces"][0]} if plan.weighted else {})

    dataset = tf.data.Dataset.range(start_step, np.iinfo(np.int64).max).map(steps).unbatch()
    dataset = dataset.map(sample, num_parallel_calls=parallel, deterministic=True)
    return finish(dataset.batch(plan.rows or 1, drop_remainder=True).map(of_step))


def eval_dataset(
    source: FlowSource, recipe: FlowRecipe, *, batch_size: int = 1, parallel: int | None = None
) -> tf.data.Dataset:
    """Every sample once, in order, its middle frames; the last batch may be smaller.

    Args:
        source: the samples.
        recipe: of their views, with the crop "center" or "none"; what it draws at random is left out.
        batch_size: samples per batch; 1 where they keep their own sizes.
        parallel: samples made at the same time; None takes one per core.

    Returns:
        Dataset of dicts as from `train_dataset`, without `weight` and `pieces`.

    Raises:
        InputError: an option out of range. Broken files: see `train_dataset`.
    """
    check_choice("crop", recipe.crop, TEST_CROPS)
    require_at_least(1, batch_size=batch_size)
    if recipe.size is None and batch_size > 1:
        raise InputError(f"Samples of their own sizes come one by one; set batch_size to 1. Received: {batch_size}")
    load = _loader(source, recipe, ends_quietly(_EvalSamples(source, recipe)))
    dataset = tf.data.Dataset.range(len(source))
    dataset = dataset.map(load, num_parallel_calls=workers_of(parallel), deterministic=True)
    return finish(dataset.batch(batch_size))


_Arrays = tuple[np.ndarray, np.ndarray, np.ndarray, np.int32, np.int64]
"""Clip, flow, known, label (-1 without labels), index."""


@dataclass(frozen=True)
class _TrainSamples:
    """The endless sequence of training samples."""

    source: FlowSource
    recipe: FlowRecipe
    seed: int
    draw: str

    @property
    def random(self) -> bool:
        return self.source.random or self.recipe.random

    def at(self, position: int) -> tuple[int, np.random.Generator]:
        """The sample at a position, and the source of its random choices."""
        return sample_at(position, len(self.source), self.seed, self.draw)

    def __call__(self, position: int) -> _Arrays:
        index, rng = self.at(int(position))
        clip, flow, known, flipped = train_view(*self.source.read(index, rng), self.recipe, rng)
        return _arrays(self.source, index, clip, flow, known, flipped)


@dataclass(frozen=True)
class _EvalSamples:
    source: FlowSource
    recipe: FlowRecipe

    def __call__(self, index: int) -> _Arrays:
        return _arrays(self.source, int(index), *test_view(*self.source.read(int(index)), self.recipe))


@dataclass(frozen=True)
class _Plan:
    """Which positions of the sequence a step computes, and how many draws each stands for."""

    samples: _TrainSamples
    batch_size: int
    shard: tuple[int, int]
    multiple: int

    @property
    def own_sizes(self) -> bool:
        return self.samples.recipe.size is None

    @property
    def merged(self) -> bool:
        """Whether a sample that a step draws again is not computed again."""
        can_repeat = self.samples.draw == "replacement" or self.batch_size * self.shard[1] > len(self.samples.source)
        return not self.samples.random and (can_repeat or self.own_sizes)

    @property
    def weighted(self) -> bool:
        return self.merged or self.own_sizes

    @property
    def rows(self) -> int | None:
        """Samples that a step computes; None where that differs from step to step."""
        if self.own_sizes:
            return None
        distinct = min(self.batch_size, len(self.samples.source)) if self.merged else self.batch_size
        return -(-distinct // self.multiple) * self.multiple

    def __call__(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        which, shards = self.shard
        positions = (int(step) * self.batch_size + np.arange(self.batch_size, dtype=np.int64)) * shards + which
        if not self.merged:
            return positions, np.ones(self.batch_size, np.float32)
        indices = [self.samples.at(int(position))[0] for position in positions]
        _, first, times = np.unique(indices, return_index=True, return_counts=True)
        padding = (0, (self.rows or len(first)) - len(first))
        return np.pad(positions[first], padding, mode="edge"), np.pad(times.astype(np.float32), padding)


def _arrays(
    source: FlowSource, index: int, clip: np.ndarray, flow: np.ndarray, known: np.ndarray, flipped: bool = False
) -> _Arrays:
    label = -1 if source.labels is None else source.labels[index]
    label = source.flip_label(label) if flipped else label
    return clip, flow, known.astype(np.float32), np.int32(label), np.int64(index)


def _loader(source: FlowSource, recipe: FlowRecipe, produce: Callable) -> Callable:
    """The mapping from a position to the dict of one sample, with static shapes."""
    size = recipe.size or (None, None)
    steps = None if source.frames is None else source.frames - 1
    types = (tf.uint8, tf.float32, tf.float32, tf.int32, tf.int64)

    def load(position: tf.Tensor) -> dict[str, tf.Tensor]:
        clip, flow, known, label, index = tf.numpy_function(produce, [position], types, stateful=False)
        sample = {
            "clip": tf.ensure_shape(clip, (source.frames, *size, 3)),
            "flow": tf.ensure_shape(flow, (steps, *size, 2)),
            "known": tf.ensure_shape(known, (steps, *size)),
            "index": scalar(index),
        }
        return sample if source.labels is None else sample | {"label": scalar(label)}

    return load
