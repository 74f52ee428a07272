"""One update: forward, gradient, sum over pieces and replicas, clip, apply."""

from collections.abc import Callable

import keras
import tensorflow as tf

from launch.config import TrainConfig
from tvnet_keras.ops.native_mode import local_graphs

Objective = Callable[[tf.Tensor, tf.Tensor, dict], dict]


class TrainStep:
    """The compiled update, on `strategy.run`.

    Args:
        strategy: how replicas are spread.
        model: clips to `{"logits": ...}`.
        optimizer: built on the model's trainable weights.
        objective: `(clip, label, outputs) -> {term: [B]}`, weighted terms of the loss.
        train: batch size, accumulation, clipping.
        segments: clips per sample whose logits are averaged before the loss (TSN).
    """

    def __init__(
        self,
        strategy: tf.distribute.Strategy,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        objective: Objective,
        train: TrainConfig,
        segments: int = 1,
    ) -> None:
        self.strategy, self.model, self.optimizer, self.objective = strategy, model, optimizer, objective
        self.train, self.segments = train, segments

    def __call__(self, batch: dict) -> dict[str, tf.Tensor]:
        """Updates the weights with one global batch.

        Args:
            batch: `clip` `[B, (S,) T, H, W, 3]` and `label` `[B]`, possibly distributed.

        Returns:
            Scalars: every term of the loss, `loss`, `accuracy`, `gradient_norm` and what the outputs tell.
        """
        # The step never leaves this process, so solvers may use what cannot be exported.
        with local_graphs():
            return self._update(batch)

    @tf.function
    def _update(self, batch: dict) -> dict[str, tf.Tensor]:
        per_replica = self.strategy.run(self._replica_step, args=(batch["clip"], batch["label"]))
        return {
            name: self.strategy.reduce(tf.distribute.ReduceOp.SUM, value, axis=None)
            for name, value in per_replica.items()
        }

    def _replica_step(self, clip, label):
        gradients, metrics = self._accumulate(clip, label)
        replicas = self.strategy.num_replicas_in_sync
        if replicas > 1:
            context = tf.distribute.get_replica_context()
            gradients = context.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
        norm = tf.linalg.global_norm(gradients)
        if self.train.clip_norm > 0:
            gradients, _ = tf.clip_by_global_norm(gradients, self.train.clip_norm, use_norm=norm)
        # Clipping needs the sum over replicas, and the optimizer will sum once more.
        gradients = [gradient / replicas for gradient in gradients]
        self.optimizer.apply_gradients(zip(gradients, self.model.trainable_variables, strict=True))
        return {**metrics, "gradient_norm": norm / replicas}

    def _accumulate(self, clip, label):
        pieces = self.train.accumulate
        if pieces == 1:
            return self._gradient(clip, label)
        clips = tf.reshape(clip, (pieces, -1, *clip.shape[1:]))
        labels = tf.reshape(label, (pieces, -1))
        first = self._gradient(clips[0], labels[0])

        def add(k, total):
            return k + 1, tf.nest.map_structure(tf.add, total, self._gradient(clips[k], labels[k]))

        return tf.while_loop(lambda k, _: k < pieces, add, (1, first), parallel_iterations=1)[1]

    def _gradient(self, clip, label):
        """Gradients and metrics of a piece, as sums whose total over all pieces and replicas is the batch's mean."""
        share = 1.0 / self.train.batch_size
        with tf.GradientTape() as tape:
            outputs, terms = self._forward(clip, label)
            means = {name: tf.reduce_sum(term) * share for name, term in terms.items()}
            loss = tf.add_n(list(means.values()))
        variables = self.model.trainable_variables
        gradients = tape.gradient(loss, variables, unconnected_gradients="zero")
        right = tf.equal(tf.argmax(outputs["logits"], axis=-1, output_type=label.dtype), label)
        metrics = {**means, "loss": loss, "accuracy": tf.reduce_sum(tf.cast(right, "float32")) * share}
        if "flow" in outputs:
            magnitude = tf.reduce_mean(tf.norm(outputs["flow"], axis=-1))
            metrics["flow_magnitude"] = magnitude * tf.cast(tf.shape(label)[0], "float32") * share
        return gradients, metrics

    def _forward(self, clip, label):
        if self.segments > 1:
            clip = tf.reshape(clip, (-1, *clip.shape[2:]))
        outputs = self.model(clip, training=True)
        if self.segments == 1:
            return outputs, self.objective(clip, label, outputs)
        logits = tf.reshape(outputs["logits"], (-1, self.segments, outputs["logits"].shape[-1]))
        outputs = {**outputs, "logits": tf.reduce_mean(logits, axis=1)}
        terms = self.objective(clip, label, outputs)
        # Terms on the flow have one value per clip; the samples' loss is their mean over segments.
        return outputs, {
            name: tf.reduce_mean(tf.reshape(term, (tf.shape(label)[0], -1)), axis=1) for name, term in terms.items()
        }
