"""Run in a process of its own: the update on two logical processors equals the one on a single device."""

import numpy as np
import tensorflow as tf
from keras import ops

from launch.run.config import TrainConfig
from launch.run.optimization import averaged_weights
from launch.run.train_step import TrainStep
from tests.launch.run.test_train_step import batch, halves, moving_means, network, normalised_update, objective
from tvnet_keras.optimizers.grouped import GroupedAdam

SIZE = 8
STEPS = 4


def split_processor():
    """TensorFlow allows it only before anything has run."""
    processor = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)


def distributed(strategy, data):
    """A batch, cut into one piece per replica."""
    if strategy.num_replicas_in_sync == 1:
        return data

    def cut(value):
        pieces = tf.split(value, strategy.num_replicas_in_sync)
        return strategy.experimental_distribute_values_from_function(
            lambda context: pieces[context.replica_id_in_sync_group]
        )

    return {name: cut(value) for name, value in data.items()}


def run(strategy, pieces):
    """Metrics of every step, and the weights at the end, followed by their running average."""
    with strategy.scope():
        model = network()
        optimizer = GroupedAdam(
            0.1, rates={"(^|/)tvnet/": 0.25}, weight_decay=0.01, use_ema=True, ema_momentum=0.8, summed=True
        )
        optimizer.build(model.trainable_variables)
    config = TrainConfig(batch_size=SIZE, clip_norm=0.5, accumulate=pieces)
    step = TrainStep(strategy, model, optimizer, objective, config)
    metrics = [step(distributed(strategy, batch(SIZE, seed=seed))) for seed in range(STEPS)]
    weights = numbers(model)
    with averaged_weights(model, optimizer):
        averages = numbers(model)
    np.testing.assert_equal(numbers(model), weights)
    assert any(np.abs(left - right).max() > 0.01 for left, right in zip(weights, averages, strict=True))
    return metrics, weights + averages


def numbers(model):
    """The trainable weights."""
    return [ops.convert_to_numpy(weight) for weight in model.trainable_variables]


def count_sums(strategy):
    """One update sums the gradients over the replicas once: one call in each of the two."""
    calls = []
    sum_over_replicas = tf.distribute.ReplicaContext.all_reduce

    def counted(self, *arguments, **options):
        calls.append(self.replica_id_in_sync_group)
        return sum_over_replicas(self, *arguments, **options)

    tf.distribute.ReplicaContext.all_reduce = counted
    with strategy.scope():
        model = network()
        optimizer = GroupedAdam(0.1, summed=True)
        optimizer.build(model.trainable_variables)
    step = TrainStep(strategy, model, optimizer, objective, TrainConfig(batch_size=SIZE))
    step(distributed(strategy, batch(SIZE)))
    assert len(calls) == 2, calls


def compare_batch_norm(strategy):
    """Two replicas are two accumulated pieces, but for the moving statistics, which are the first replica's."""
    data = batch(SIZE)
    replicas, mean = normalised_update(distributed(strategy, data), strategy)
    pieces, _ = normalised_update(data, accumulate=2)
    for left, right in zip(replicas, pieces, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(mean, moving_means(halves(data))[0], atol=1e-6)


def main():
    split_processor()
    alone, weights = run(tf.distribute.get_strategy(), 1)
    # One for all: a second one would number its sums as the first did, and TensorFlow takes them for the same.
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    for pieces in (1, 2):
        together, mirrored = run(strategy, pieces)
        for left, right in zip(alone, together, strict=True):
            for name in left:
                np.testing.assert_allclose(left[name], right[name], rtol=1e-5, atol=1e-6, err_msg=name)
        for left, right in zip(weights, mirrored, strict=True):
            np.testing.assert_allclose(left, right, rtol=1e-5, atol=1e-5)
    compare_batch_norm(strategy)
    # Last, for it replaces what TensorFlow sums with.
    count_sums(strategy)


if __name__ == "__main__":
    main()
