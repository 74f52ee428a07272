"""Training a flow layer on image pairs with ground truth (Fan et al. 2018, section 5.1)."""

import dataclasses

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
    data: FlowData,
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
        data: the training pairs.
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
    pairs = len(data.clips)
    clips, truth = tf.constant(data.clips), tf.constant(data.truth)
    share = data.known / data.known.sum(axis=(1, 2), keepdims=True)
    share = tf.constant(share, tf.float32)
    optimizer = keras.optimizers.Adam(learning_rate)
    optimizer.build(layer.trainable_variables)

    @tf.function(autograph=False)
    def step(weight: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            error = end_point_error(truth, layer(clips)[:, 0])
            loss = tf.reduce_sum(weight * tf.reduce_sum(error * share, axis=(1, 2)))
        optimizer.apply_gradients(
            zip(tape.gradient(loss, layer.trainable_variables), layer.trainable_variables, strict=True)
        )
        return loss

    loss = np.nan
    with local_graphs(), progress(description, "steps") as show:
        for done in range(1, steps + 1):
            drawn = np.bincount(rng.integers(0, pairs, batch_size), minlength=pairs) / batch_size
            loss = float(step(tf.constant(drawn, tf.float32)))
            if not np.isfinite(loss):
                raise InputError(f"The loss of {description} is {loss} at step {done}; lower the learning rate.")
            show(done, steps)
    return loss
