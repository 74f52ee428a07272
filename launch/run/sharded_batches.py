"""Training batches of a strategy: every input pipeline has its own samples, chosen before anything is read."""

from collections.abc import Callable

import tensorflow as tf

from launch.run.config import Config


def sharded_batches(
    config: Config, strategy: tf.distribute.Strategy, start_step: int, make: Callable[..., tf.data.Dataset]
) -> tf.distribute.DistributedDataset:
    """The endless training batches, sharded over input pipelines.

    Args:
        config: of the run.
        strategy: whose replicas share a batch.
        start_step: steps that were already done.
        make: makes the dataset of a pipeline of `batch_size`, `seed`, `start_step`, `shard`, `draw` and `parallel`, as
            `tvnet_keras.video.pipeline.train_dataset` has them.
    """

    def of_context(context: tf.distribute.InputContext) -> tf.data.Dataset:
        replicas = context.num_replicas_in_sync // context.num_input_pipelines
        return make(
            batch_size=context.get_per_replica_batch_size(config.train.batch_size),
            seed=config.seed,
            # The dataset counts the batches of one replica.
            start_step=start_step * replicas,
            shard=(context.input_pipeline_id, context.num_input_pipelines),
            draw=config.data.draw,
            parallel=config.data.workers or None,
        )

    return strategy.distribute_datasets_from_function(of_context)
