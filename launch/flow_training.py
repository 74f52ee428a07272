"""Training a flow layer on image pairs with ground truth (Fan et al. 2018, section 5.1)."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from launch.progress import progress
from tvnet_keras.errors import InputError
from tvnet_keras.losses.endpoint import end_point_error
from tvnet_keras.ops.native_mode import local_graphs


@dataclasses.dataclass(frozen=True)
class FlowData:
    """Pairs of one size.

    Attributes:
        clips: uint8 `[N, 2, H, W, 3]`.
        truth: float32 `[N, H, W, 2]`, pixels.
        known: bool `[N, H, W]`, which vectors count.
    """

    clips: np.ndarray
    truth: np.ndarray
    known: np.ndarray

    def only(self, rows: list[int]) -> "FlowData":
        """Some of the pairs."""
        return FlowData(self.clips[rows], self.truth[rows], self.known[rows])


def mean_errors(layer: keras.layers.Layer, data: FlowData) -> np.ndarray:
    """Mean end-point error of every pair over its known vectors, `[N]`, pixels."""
    # One pair at a time: a batch of large pairs would only need memory.
    errors = [
        end_point_error(truth, layer(clip[None])[0, 0]) for clip, truth in zip(data.clips, data.truth, strict=True)
    ]
    return np.array([float(np.mean(error.numpy()[known])) for error, known in zip(errors, data.known, strict=True)])


def train_flow(
    layer: keras.layers.Layer,
    data: FlowData | Sequence[FlowData],
    *,
    steps: int,
    learning_rate: float = 0.005,
    batch_size: int = 32,
    seed: int = 0,
    description: str = "training",
) -> float:
    """Minimises the mean end-point error with Adam, on batches drawn with replacement (the released protocol).

    A batch of 32 from eight pairs repeats them; each pair is computed once and weighted by how often it was drawn,
    which is the same gradient at a quarter of the work.

    Args:
        layer: a motion layer; its trainable weights are changed.
        data: the training pairs; of several sizes as one `FlowData` each, which is computed only when drawn.
        steps: updates.
        learning_rate: of Adam.
        batch_size: draws per update.
        seed: of the draws.
        description: what the progress line says.

    Returns:
        The loss of the last update.

    Raises:
        InputError: the loss is not finite.
    """
    rng = np.random.default_rng(seed)
    parts = [_tensors(part) for part in ([data] if isinstance(data, FlowData) else data)]
    ends = np.cumsum([len(part.clips) for part in parts])
    optimizer = keras.optimizers.Adam(learning_rate)
    optimizer.build(layer.trainable_variables)
    loss_and_gradients = _loss_and_gradients(layer)

    @tf.function(autograph=False)
    def update(gradients: list[tf.Tensor]) -> None:
        optimizer.apply_gradients(zip(gradients, layer.trainable_variables, strict=True))

    loss = np.nan
    with local_graphs(), progress(description, "steps") as show:
        for done in range(1, steps + 1):
            drawn = np.bincount(rng.integers(0, ends[-1], batch_size), minlength=ends[-1]) / batch_size
            weights = zip(parts, np.split(drawn.astype("float32"), ends[:-1]), strict=True)
            computed = [loss_and_gradients(part, tf.constant(weight)) for part, weight in weights if weight.any()]
            losses, gradients = zip(*computed, strict=True)
            loss = float(sum(losses))
            if not np.isfinite(loss):
                raise InputError(f"The loss of {description} is {loss} at step {done}; lower the learning rate.")
            update([tf.add_n(of_parts) for of_parts in zip(*gradients, strict=True)])
            show(done, steps)
    return loss


class _Part(NamedTuple):
    """Pairs of one size as tensors; `share` of every vector in its pair's mean, zero where it is unknown."""

    clips: tf.Tensor
    truth: tf.Tensor
    share: tf.Tensor


def _tensors(data: FlowData) -> _Part:
    share = data.known / data.known.sum(axis=(1, 2), keepdims=True)
    return _Part(tf.constant(data.clips), tf.constant(data.truth), tf.constant(share, tf.float32))


def _loss_and_gradients(layer: keras.layers.Layer) -> Callable:
    """A function of a part and of its pairs' weights, traced once per size."""

    @tf.function(autograph=False)
    def compute(part: _Part, weight: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        with tf.GradientTape() as tape:
            error = end_point_error(part.truth, layer(part.clips)[:, 0])
            loss = tf.reduce_sum(weight * tf.reduce_sum(error * part.share, axis=(1, 2)))
        return loss, tape.gradient(loss, layer.trainable_variables)

    return compute
