"""The update itself, on a network so small that the right answer can be written down."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from launch.config import TrainConfig
from launch.train_step import TrainStep
from tvnet_keras.optimizers.grouped import GroupedSGD

CLASSES = 3
SHAPE = (2, 4, 4, 3)
RATE = 0.1


def network():
    """Clip -> dense layers, without batch normalisation or dropout, so that pieces of a batch do not meet."""
    keras.utils.set_random_seed(0)
    clip = keras.Input(SHAPE, dtype="uint8")
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(clip))
    x = keras.layers.Dense(5, activation="tanh", name="tvnet")(x)
    return keras.Model(clip, {"logits": keras.layers.Dense(CLASSES, name="logits")(x)})


def objective(clip, label, outputs):
    return {"class": keras.losses.sparse_categorical_crossentropy(label, outputs["logits"], from_logits=True)}


def batch(size=8, segments=1, seed=1):
    random = np.random.default_rng(seed)
    shape = (size, segments, *SHAPE) if segments > 1 else (size, *SHAPE)
    clip = tf.constant(random.integers(0, 256, shape, dtype="uint8"))
    return {"clip": clip, "label": tf.constant(random.integers(0, CLASSES, size), tf.int32)}


def update(batches, *, segments=1, rates=None, **train):
    """The network and the metrics after one update per batch."""
    model = network()
    optimizer = GroupedSGD(RATE, rates=rates)
    optimizer.build(model.trainable_variables)
    config = TrainConfig(**{"batch_size": len(batches[0]["label"]), "clip_norm": 0.0, **train})
    step = TrainStep(tf.distribute.get_strategy(), model, optimizer, objective, config, segments)
    metrics = [{name: float(value) for name, value in step(piece).items()} for piece in batches]
    return [ops.convert_to_numpy(weight) for weight in model.trainable_variables], metrics


def true_gradient(data):
    """Gradient of the mean loss by automatic differentiation of the plain formula."""
    model = network()
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(objective(data["clip"], data["label"], model(data["clip"]))["class"])
    gradient = tape.gradient(loss, model.trainable_variables)
    return (
        float(loss),
        [ops.convert_to_numpy(part) for part in gradient],
        [ops.convert_to_numpy(w) for w in model.trainable_variables],
    )


def norm(parts):
    return float(np.sqrt(sum((part**2).sum() for part in parts)))


def test_an_update_follows_the_gradient_of_the_mean_loss():
    data = batch()
    loss, gradient, before = true_gradient(data)
    after, (metrics,) = update([data])
    for new, old, part in zip(after, before, gradient, strict=True):
        np.testing.assert_allclose(new, old - RATE * part, atol=1e-6)
    assert metrics["loss"] == metrics["class"] == pytest.approx(loss, rel=1e-5)
    assert metrics["gradient_norm"] == pytest.approx(norm(gradient), rel=1e-5)


def test_accuracy_counts_the_right_answers():
    data = batch()
    right = np.argmax(network()(data["clip"])["logits"], axis=1) == data["label"].numpy()
    assert update([data])[1][0]["accuracy"] == pytest.approx(right.mean())


@pytest.mark.parametrize("pieces", [2, 4, 8])
def test_accumulated_pieces_are_the_whole_batch(pieces):
    batches = [batch(seed=seed) for seed in range(3)]
    whole, whole_metrics = update(batches, clip_norm=0.5)
    accumulated, metrics = update(batches, clip_norm=0.5, accumulate=pieces)
    for left, right in zip(whole, accumulated, strict=True):
        np.testing.assert_allclose(left, right, atol=1e-6)
    for left, right in zip(whole_metrics, metrics, strict=True):
        assert left == pytest.approx(right, rel=1e-5)


@pytest.mark.parametrize("pieces", [1, 2])
def test_the_summed_gradient_is_clipped(pieces):
    data = batch()
    _, gradient, before = true_gradient(data)
    limit = norm(gradient) / 3
    after, (metrics,) = update([data], clip_norm=limit, accumulate=pieces)
    for new, old, part in zip(after, before, gradient, strict=True):
        np.testing.assert_allclose(new, old - RATE * part / 3, atol=1e-6)
    assert metrics["gradient_norm"] == pytest.approx(norm(gradient), rel=1e-5)


def test_a_group_of_weights_has_its_own_rate():
    data = batch()
    _, gradient, before = true_gradient(data)
    after, _ = update([data], rates={"(^|/)tvnet/": 0.25})
    for number, (new, old, part) in enumerate(zip(after, before, gradient, strict=True)):
        rate = RATE * (0.25 if number < 2 else 1.0)  # kernel and bias of the layer called tvnet come first
        np.testing.assert_allclose(new, old - rate * part, atol=1e-6)


def test_segments_average_logits_before_the_loss():
    data = batch(segments=3)
    model = network()
    with tf.GradientTape() as tape:
        logits = tf.reduce_mean([model(data["clip"][:, k])["logits"] for k in range(3)], axis=0)
        loss = tf.reduce_mean(objective(None, data["label"], {"logits": logits})["class"])
    gradient = [ops.convert_to_numpy(part) for part in tape.gradient(loss, model.trainable_variables)]
    before = [ops.convert_to_numpy(weight) for weight in model.trainable_variables]
    for pieces in (1, 2):
        after, (metrics,) = update([data], segments=3, accumulate=pieces)
        assert metrics["loss"] == pytest.approx(float(loss), rel=1e-5)
        for new, old, part in zip(after, before, gradient, strict=True):
            np.testing.assert_allclose(new, old - RATE * part, atol=1e-6)


def test_two_replicas_are_one_device(repository):
    # A process of its own: devices can be split only before TensorFlow starts.
    command = [sys.executable, "-m", "tests.launch.two_devices"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr[-3000:]
