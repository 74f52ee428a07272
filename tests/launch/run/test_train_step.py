"""The update itself, on a network so small that the right answer can be written down."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from launch.run.config import TrainConfig
from launch.run.train_step import TrainStep
from tvnet_keras.losses.endpoint import mean_end_point_error
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


def objective(batch, outputs):
    return {"class": keras.losses.sparse_categorical_crossentropy(batch["label"], outputs["logits"], from_logits=True)}


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
        loss = tf.reduce_mean(objective(data, model(data["clip"]))["class"])
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
        loss = tf.reduce_mean(objective(data, {"logits": logits})["class"])
    gradient = [ops.convert_to_numpy(part) for part in tape.gradient(loss, model.trainable_variables)]
    before = [ops.convert_to_numpy(weight) for weight in model.trainable_variables]
    for pieces in (1, 2):
        after, (metrics,) = update([data], segments=3, accumulate=pieces)
        assert metrics["loss"] == pytest.approx(float(loss), rel=1e-5)
        for new, old, part in zip(after, before, gradient, strict=True):
            np.testing.assert_allclose(new, old - RATE * part, atol=1e-6)


def test_a_weighted_sample_is_as_many_equal_ones():
    data = batch(4)
    times = np.array([3, 0, 1, 4])
    repeated = {name: tf.repeat(value, times, axis=0) for name, value in data.items()}
    plain, (plain_metrics,) = update([repeated])
    weighted, (metrics,) = update([{**data, "weight": tf.constant(times, tf.float32)}], batch_size=8)
    for left, right in zip(plain, weighted, strict=True):
        np.testing.assert_allclose(left, right, atol=1e-6)
    assert metrics == pytest.approx(plain_metrics, rel=1e-5)


def test_pieces_of_different_sizes_are_one_batch():
    data = batch(8)
    whole, (whole_metrics,) = update([data], clip_norm=0.5)
    pieces = [{**{name: value[k:end] for name, value in data.items()}, "pieces": tf.constant(2)}
              for k, end in ((0, 3), (3, 8))]  # fmt: skip
    model = network()
    optimizer = GroupedSGD(RATE)
    optimizer.build(model.trainable_variables)
    config = TrainConfig(batch_size=8, clip_norm=0.5)
    metrics = TrainStep(tf.distribute.get_strategy(), model, optimizer, objective, config)(pieces)
    for left, right in zip(whole, model.trainable_variables, strict=True):
        np.testing.assert_allclose(left, right, atol=1e-6)
    assert {name: float(value) for name, value in metrics.items()} == pytest.approx(whole_metrics, rel=1e-5)


@pytest.mark.parametrize("pieces", [1, 4])
def test_what_layers_add_to_the_loss_counts_once(pieces):
    # Keras's own `fit` adds what regularisers ask for.
    def penalised():
        model = network()
        model.get_layer("tvnet").kernel.regularizer = keras.regularizers.L2(0.5)
        return model

    data, model = batch(), penalised()
    kernel = ops.convert_to_numpy(model.get_layer("tvnet").kernel)
    _, gradient, before = true_gradient(data)
    optimizer = GroupedSGD(RATE)
    optimizer.build(model.trainable_variables)
    config = TrainConfig(batch_size=8, clip_norm=0.0, accumulate=pieces)
    metrics = TrainStep(tf.distribute.get_strategy(), model, optimizer, objective, config)(data)
    assert float(metrics["regularisation"]) == pytest.approx(0.5 * (kernel**2).sum(), rel=1e-5)
    assert float(metrics["loss"]) == pytest.approx(float(metrics["class"] + metrics["regularisation"]), rel=1e-5)
    expected = before[0] - RATE * (gradient[0] + kernel)
    np.testing.assert_allclose(model.get_layer("tvnet").kernel, expected, atol=1e-6)


def flow_network(height=4, width=4):
    """Clip -> a constant flow, its two numbers trainable."""

    class Constant(keras.Model):
        def __init__(self):
            super().__init__()
            self.vector = self.add_weight(name="vector", shape=(2,), initializer="zeros")

        def call(self, clip, training=None):
            shape = tf.shape(clip)
            return {"flow": tf.broadcast_to(self.vector, (shape[0], shape[1] - 1, shape[2], shape[3], 2))}

    model = Constant()
    model.build((None, *SHAPE))
    return model


def test_an_objective_may_have_no_label_and_read_the_flow():
    model = flow_network()
    truth = np.zeros((8, 1, 4, 4, 2), "float32")
    truth[..., 0] = 3.0
    known = np.ones((8, 1, 4, 4), "float32")
    known[:, :, :2], truth[:, :, :2] = 0, 50.0
    data = {"clip": batch()["clip"], "flow": tf.constant(truth), "known": tf.constant(known)}
    optimizer = GroupedSGD(RATE)
    optimizer.build(model.trainable_variables)

    def error(batch, outputs):
        return {"end_point_error": mean_end_point_error(batch["flow"], outputs["flow"], batch["known"])}

    step = TrainStep(tf.distribute.get_strategy(), model, optimizer, error, TrainConfig(batch_size=8, clip_norm=0.0))
    metrics = {name: float(value) for name, value in step(data).items()}
    assert metrics["loss"] == metrics["epe"] == pytest.approx(3.0)
    assert "accuracy" not in metrics and metrics["flow_magnitude"] == 0
    # The gradient of a distance is the unit vector towards it.
    np.testing.assert_allclose(model.vector, (RATE, 0), atol=1e-6)


MOMENTUM = 0.75


def normalised_network():
    """Clip -> dense layers with batch normalisation between them."""
    keras.utils.set_random_seed(0)
    clip = keras.Input(SHAPE, dtype="uint8")
    x = keras.layers.Dense(5)(keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(clip)))
    x = keras.layers.BatchNormalization(momentum=MOMENTUM, name="norm")(x)
    return keras.Model(clip, {"logits": keras.layers.Dense(CLASSES, name="logits")(x)})


def halves(data):
    """Both halves of a batch, one after the other."""
    size = len(data["label"]) // 2
    return [{name: value[:size] for name, value in data.items()}, {name: value[size:] for name, value in data.items()}]


def moving_means(pieces):
    """What one piece after the other makes of the moving mean, which starts at zero."""
    model = normalised_network()
    inner = keras.Model(model.input, model.get_layer("norm").input)
    return [(1 - MOMENTUM) * np.mean(inner(piece["clip"]), axis=0) for piece in pieces]


def normalised_update(data, strategy=None, **train):
    """The trainable weights and the moving mean after one update."""
    strategy = strategy or tf.distribute.get_strategy()
    with strategy.scope():
        model = normalised_network()
        optimizer = GroupedSGD(RATE, summed=strategy.num_replicas_in_sync > 1)
        optimizer.build(model.trainable_variables)
    config = TrainConfig(batch_size=8, clip_norm=0.0, **train)
    TrainStep(strategy, model, optimizer, objective, config)(data)
    weights = [ops.convert_to_numpy(weight) for weight in model.trainable_variables]
    return weights, ops.convert_to_numpy(model.get_layer("norm").moving_mean)


def test_batch_norm_sees_one_piece_at_a_time():
    # As on as many replicas (`two_devices.py`), and unlike the whole batch: BUILD.md says so.
    data = batch(8)
    model = normalised_network()
    with tf.GradientTape() as tape:
        losses = [
            tf.reduce_mean(objective(half, model(half["clip"], training=True))["class"]) / 2 for half in halves(data)
        ]
        loss = tf.add_n(losses)
    gradient = tape.gradient(loss, model.trainable_variables)
    before = [ops.convert_to_numpy(weight) for weight in normalised_network().trainable_variables]
    pieces, mean = normalised_update(data, accumulate=2)
    for new, old, part in zip(pieces, before, gradient, strict=True):
        np.testing.assert_allclose(new, old - RATE * part, atol=1e-6)
    # The moving statistics take one piece after the other.
    first, second = moving_means(halves(data))
    np.testing.assert_allclose(mean, MOMENTUM * first + second, atol=1e-6)
    whole, mean = normalised_update(data)
    np.testing.assert_allclose(mean, (first + second) / 2, atol=1e-6)
    assert max(np.abs(left - right).max() for left, right in zip(whole, pieces, strict=True)) > 1e-4


def test_two_replicas_are_one_device_and_sum_their_gradients_once(repository):
    # A process of its own: devices can be split only before TensorFlow starts.
    command = [sys.executable, "-m", "tests.launch.two_devices"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr[-3000:]
