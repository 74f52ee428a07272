"""The logits of videos, as the mean over the views of each; and layers as graphs of this process."""

import weakref
from collections.abc import Callable, Iterable
from typing import TypeVar

import keras
import numpy as np
import tensorflow as tf

from launch.run.progress import progress
from models import input_of
from tvnet_keras.ops.tracing import local_graphs
from tvnet_keras.video.listing import VideoList
from tvnet_keras.video.pipeline import video_errors

Layer = TypeVar("Layer", bound=Callable)
"""A layer, model or function."""

# The graphs of a layer, by the function that is computed with it.
_graphs: weakref.WeakKeyDictionary[Callable, dict[Callable, Callable]] = weakref.WeakKeyDictionary()


def _called(function: Callable, tensor: tf.Tensor) -> tf.Tensor:
    return function(tensor)


def logits_of(model: keras.Model, clip: tf.Tensor) -> tf.Tensor:
    """The logits of a model for a batch of clips, or of what it takes in their place, as in a test: `[B, K]`."""
    return model(clip, training=False)["logits"]


def as_graph(
    layer: Layer, forward: Callable[[Layer, tf.Tensor], tf.Tensor] = _called
) -> Callable[[tf.Tensor | np.ndarray], tf.Tensor]:
    """`forward(layer, tensor)`, compiled for this process only and traced once for all lengths of clips.

    The graph belongs to the layer: asked for again, with the same `forward`, it is the same one, and it goes when the
    layer goes.

    Args:
        layer: a layer, model or function. Two lambdas are two functions, however equal they look.
        forward: a function that a module defines, not a lambda, for the same reason; by default `layer(tensor)`.

    Returns:
        The function of one tensor.
    """
    graphs = _graphs.setdefault(layer, {})
    if forward not in graphs:
        graphs[forward] = _traced(weakref.ref(layer), forward)

    def call(tensor: tf.Tensor | np.ndarray) -> tf.Tensor:
        # Looked up here, so that whoever holds this function holds the layer; the graph itself must not.
        with local_graphs():
            return _graphs[layer][forward](tensor)

    return call


def _traced(layer: weakref.ref, forward: Callable) -> Callable[[tf.Tensor], tf.Tensor]:
    return tf.function(lambda tensor: forward(layer(), tensor), autograph=False, reduce_retracing=True)


def score_videos(model: keras.Model, views: Iterable[dict], videos: VideoList) -> tuple[np.ndarray, np.ndarray]:
    """Mean logits over the views of every video.

    Args:
        model: a model that answers clips with `{"logits": [B, K], ...}`.
        views: the batches that `tvnet_keras.video.pipeline.eval_dataset` yields for `videos`.
        videos: the list in which the `index` of a view counts.

    Returns:
        float32 `[N, K]`, rows in list order; and the number of views of each video, int `[N]`.

    Raises:
        InputError: a file breaks while it is read.
    """
    predict, field = as_graph(model, logits_of), input_of(model)
    total = np.zeros((len(videos.videos), len(videos.class_names)))
    count = np.zeros((len(videos.videos), 1))
    batch_size = None
    with video_errors(), progress("scoring", "videos") as show:
        for batch in views:
            batch_size = batch_size or len(batch["index"])
            logits = predict(_padded(batch[field], batch_size)).numpy()[: len(batch["index"])]
            logits = np.where(batch["flipped"].numpy()[:, None], _unflipped(logits, videos), logits)
            index = batch["index"].numpy()
            np.add.at(total, index, logits)
            np.add.at(count, index, 1)
            show(int(index[-1]) + 1, len(videos.videos))
    return (total / count).astype("float32"), count[:, 0].astype(int)


def _padded(clip: tf.Tensor, batch_size: int) -> tf.Tensor:
    # A smaller last batch would compile the whole network once more.
    missing = batch_size - len(clip)
    return tf.concat([clip, tf.repeat(clip[-1:], missing, axis=0)], axis=0) if missing else clip


def _unflipped(logits: np.ndarray, videos: VideoList) -> np.ndarray:
    """The logits of mirrored views, reordered for the labels of the videos as they are."""
    mirrored = [videos.flip_label(label) for label in range(logits.shape[1])] if videos.flips else slice(None)
    return logits[:, mirrored]
