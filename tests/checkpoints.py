"""Whether TensorFlow's checkpoints hold everything that a layer or a model has learned."""

import keras
import numpy as np
import tensorflow as tf


def assert_a_checkpoint_holds_every_weight(make, path) -> None:
    """Saves one object that `make` gives, restores another one from it and compares all their weights.

    Both are perturbed first, each in its own way: two that start alike would be equal without any checkpoint.
    """
    saved, restored = (perturbed(make(), seed) for seed in (0, 1))
    written = tf.train.Checkpoint(model=saved).write(path)
    tf.train.Checkpoint(model=restored).read(written).assert_consumed()
    assert len(restored.weights) == len(saved.weights)
    lost = [old.path for old, new in zip(saved.weights, restored.weights, strict=True) if not equal(old, new)]
    assert not lost


def perturbed(layer: keras.Layer, seed: int) -> keras.Layer:
    """The layer, built, every weight of it changed at random and kept positive."""
    random = np.random.default_rng(seed)
    for weight in layer.weights:
        weight.assign(np.abs(keras.ops.convert_to_numpy(weight)) + random.uniform(0.1, 0.2, weight.shape))
    return layer


def equal(first, second) -> bool:
    return np.array_equal(keras.ops.convert_to_numpy(first), keras.ops.convert_to_numpy(second))
