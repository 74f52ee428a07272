"""One update: outputs, gradients, their sum over pieces and replicas, clipping, the optimizer."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import keras
import tensorflow as tf

from launch.run.config import TrainConfig
from models import input_of
from tvnet_keras.losses.endpoint import mean_end_point_error
from tvnet_keras.ops.tracing import local_graphs

Fields: TypeAlias = dict[str, tf.Tensor]
"""A Batch, the outputs of a model, or numbers, by name."""

Objective: TypeAlias = Callable[[Fields, Fields], Fields]
"""A Batch and the outputs for it to the weighted terms of the loss, `{term: [B]}`."""

FIELDS_OF_THE_BATCH = ("pieces",)
"""Fields of a Batch that have no value per sample, but one for all of it."""

REGULARISATION = "regularisation"
"""The term of the loss that the model's layers add."""


class TrainStep:
    """The compiled update, on `strategy.run`.

    Args:
        strategy: the strategy by which replicas are spread.
        model: a model with the outputs that `models` describes.
        optimizer: an optimizer that is built on the model's trainable weights; with several replicas it must take
            gradients that are summed over them (`summed=True` of `tvnet_keras.optimizers`).
        objective: the function that makes the terms of the loss. What the model's layers add (`model.losses`) is a
            further term, once per update.
        train: the `train` section of the configuration.
        segments: number of clips per sample whose logits are averaged before the loss (TSN).
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

    def __call__(self, batch: Fields | Sequence[Fields]) -> Fields:
        """Updates the weights with one global batch.

        Args:
            batch: a Batch, possibly distributed: `clip` `[B, (S,) T, H, W, 3]` and what the method needs. `weight`
                `[B]`, where it is there, says how many samples of the batch each stands for. A list of Batches of
                different sizes holds the pieces of one batch.

        Returns:
            Scalars, not fetched: every term of the loss, `loss`, `gradient_norm`, and metrics of the outputs.
        """
        # The step never leaves this process, so solvers may use what cannot be exported.
        with local_graphs():
            return self._update(batch) if isinstance(batch, dict) else self._update_by_pieces(batch)

    def _update_by_pieces(self, batches: Sequence[Fields]) -> Fields:
        # Each size has a graph of its own; one graph for all pieces would be traced for every combination of sizes.
        computed = [self._piece(batch) for batch in batches]
        gradients, metrics = tf.nest.map_structure(lambda *parts: tf.add_n(parts), *computed)
        return self._finish(gradients, metrics)

    @tf.function
    def _piece(self, batch: Fields) -> tuple[list[tf.Tensor], Fields]:
        return self._gradient(_fields_of_samples(batch))

    @tf.function
    def _finish(self, gradients: list[tf.Tensor], metrics: Fields) -> Fields:
        return self._apply(gradients, metrics)

    @tf.function
    def _update(self, batch: Fields) -> Fields:
        per_replica = self.strategy.run(self._replica_step, args=(_fields_of_samples(batch),))
        return {
            name: self.strategy.reduce(tf.distribute.ReduceOp.SUM, value, axis=None)
            for name, value in per_replica.items()
        }

    def _replica_step(self, batch: Fields) -> Fields:
        return self._apply(*self._accumulate(batch))

    def _apply(self, gradients: list[tf.Tensor], metrics: Fields) -> Fields:
        replicas = self.strategy.num_replicas_in_sync
        if replicas > 1:
            context = tf.distribute.get_replica_context()
            gradients = context.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
        norm = tf.linalg.global_norm(gradients)
        if self.train.clip_norm > 0:
            gradients, _ = tf.clip_by_global_norm(gradients, self.train.clip_norm, use_norm=norm)
        self.optimizer.apply_gradients(zip(gradients, self.model.trainable_variables, strict=True))
        return {**metrics, "gradient_norm": norm / replicas}

    def _accumulate(self, batch: Fields) -> tuple[list[tf.Tensor], Fields]:
        pieces = self.train.accumulate
        if pieces == 1:
            return self._gradient(batch)
        cut = {name: tf.reshape(value, (pieces, -1, *value.shape[1:])) for name, value in batch.items()}
        first = self._gradient({name: value[0] for name, value in cut.items()})

        def add(k, total):
            piece = self._gradient({name: value[k] for name, value in cut.items()})
            return k + 1, tf.nest.map_structure(tf.add, total, piece)

        return tf.while_loop(lambda k, _: k < pieces, add, (1, first), parallel_iterations=1)[1]

    def _gradient(self, batch: Fields) -> tuple[list[tf.Tensor], Fields]:
        """Gradients and metrics of a piece, so weighted that their sum over pieces and replicas is the batch's mean."""
        share = tf.ones([tf.shape(batch["clip"])[0]]) if "weight" not in batch else batch["weight"]
        share = share / self.train.batch_size
        with tf.GradientTape() as tape:
            batch, outputs, terms = self._forward(batch)
            means = {name: tf.reduce_sum(term * share) for name, term in terms.items()}
            if self.model.losses:
                means[REGULARISATION] = tf.add_n(self.model.losses) * tf.reduce_sum(share)
            loss = tf.add_n(list(means.values()))
        variables = self.model.trainable_variables
        gradients: Any = tape.gradient(loss, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        samples = tf.shape(share)[0]
        metrics = _output_metrics(batch, outputs, samples)
        sums = {name: tf.reduce_sum(value * share) for name, value in metrics.items()}
        return gradients, {**means, "loss": loss, **sums}

    def _forward(self, batch: Fields) -> tuple[Fields, Fields, Fields]:
        taken = input_of(self.model)
        if self.segments == 1:
            outputs = self.model(batch[taken], training=True)
            return batch, outputs, self.objective(batch, outputs)
        samples = tf.shape(batch["clip"])[0]
        clips = {name: tf.reshape(batch[name], (-1, *batch[name].shape[2:])) for name in {"clip", taken}}
        batch = {**batch, **clips}
        outputs = self.model(batch[taken], training=True)
        logits = tf.reshape(outputs["logits"], (-1, self.segments, outputs["logits"].shape[-1]))
        outputs = {**outputs, "logits": tf.reduce_mean(logits, axis=1)}
        # Terms on the flow have one value per clip; the samples' loss is their mean over segments.
        terms = {
            name: tf.reduce_mean(tf.reshape(term, (samples, -1)), axis=1)
            for name, term in self.objective(batch, outputs).items()
        }
        return batch, outputs, terms


def _fields_of_samples(batch: Fields) -> Fields:
    return {name: value for name, value in batch.items() if name not in FIELDS_OF_THE_BATCH}


def _output_metrics(batch: Fields, outputs: Fields, samples: tf.Tensor) -> Fields:
    """Metrics of the outputs beside the loss, with one value per sample.

    Args:
        batch: a Batch, of `samples` clips or of several clips per sample.
        outputs: the model's outputs.
        samples: number of samples.

    Returns:
        `accuracy`, `epe` of a flow that has the truth's size, and the mean lengths `flow_magnitude` and
        `feature_flow_magnitude`; those that the outputs allow.
    """
    found = {}
    if "logits" in outputs and "label" in batch:
        answer = tf.argmax(outputs["logits"], axis=-1, output_type=batch["label"].dtype)
        found["accuracy"] = tf.cast(tf.equal(answer, batch["label"]), "float32")
    for name in ("flow", "feature_flow"):
        if name in outputs:
            # The clips of one sample give one value together.
            lengths = tf.reshape(tf.norm(outputs[name], axis=-1), (samples, -1))
            found[f"{name}_magnitude"] = tf.reduce_mean(lengths, axis=1)
    if "flow" in outputs and "flow" in batch and batch["flow"].shape[1:] == outputs["flow"].shape[1:]:
        found["epe"] = mean_end_point_error(batch["flow"], outputs["flow"], batch["known"])
    return found
