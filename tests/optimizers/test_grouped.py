"""Grouped optimizers equal two separate ones with the two rates; serialise; run in graphs and under a strategy."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from tvnet_keras import GroupedAdam, GroupedSGD

RATE, SLOW = 0.1, 1 / 255
START = np.random.default_rng(0).normal(size=(2, 5)).astype("float32")
TARGET = np.random.default_rng(1).normal(size=(2, 5)).astype("float32")
PAIRS = [
    pytest.param(GroupedSGD, keras.optimizers.SGD, {}, id="SGD"),
    pytest.param(GroupedSGD, keras.optimizers.SGD, {"momentum": 0.9}, id="momentum"),
    pytest.param(GroupedSGD, keras.optimizers.SGD, {"momentum": 0.9, "nesterov": True}, id="nesterov"),
    pytest.param(GroupedSGD, keras.optimizers.SGD, {"momentum": 0.9, "weight_decay": 0.5}, id="decay"),
    pytest.param(GroupedAdam, keras.optimizers.Adam, {}, id="Adam"),
    pytest.param(GroupedAdam, keras.optimizers.Adam, {"weight_decay": 0.5}, id="Adam with decay"),
]


def two_weights():
    return [
        keras.Variable(start, name=name, trainable=True)
        for start, name in zip(START, ("motion_weight", "class_weight"), strict=True)
    ]


def train(optimizer, weights, targets, steps=7):
    """Steps on a quartic bowl; returns the weights' values after each step."""
    path = []
    for _ in range(steps):
        with tf.GradientTape() as tape:
            loss = tf.add_n([tf.reduce_sum((w.value - t) ** 4) for w, t in zip(weights, targets, strict=True)])
        optimizer.apply(tape.gradient(loss, [weight.value for weight in weights]), weights)
        path.append([weight.numpy().copy() for weight in weights])
    return np.array(path)


@pytest.mark.parametrize(("grouped", "plain", "arguments"), PAIRS)
def test_equals_two_separate_optimizers(grouped, plain, arguments):
    together = train(grouped(RATE, rates={"motion": SLOW}, **arguments), two_weights(), TARGET)
    motion, classifier = two_weights()
    slow = train(plain(RATE * SLOW, **arguments), [motion], TARGET[:1])
    fast = train(plain(RATE, **arguments), [classifier], TARGET[1:])
    np.testing.assert_allclose(together, np.concatenate([slow, fast], axis=1), atol=1e-6)
    assert np.abs(together[-1] - START).min(axis=1).all()  # both moved


@pytest.mark.parametrize(("grouped", "plain", "arguments"), PAIRS)
def test_without_rates_it_is_the_plain_optimizer(grouped, plain, arguments):
    got, expected = (train(make(RATE, **arguments), two_weights(), TARGET) for make in (grouped, plain))
    np.testing.assert_allclose(got, expected, atol=1e-7)


@pytest.mark.parametrize("decay", [None, 0.5])
def test_a_rate_of_zero_freezes_its_group(decay):
    path = train(GroupedAdam(RATE, rates={"motion": 0.0}, weight_decay=decay), two_weights(), TARGET)
    np.testing.assert_array_equal(path[-1, 0], START[0])


def test_the_first_matching_pattern_decides():
    optimizer = GroupedSGD(RATE, rates={"motion/u0": 2.0, "motion": 3.0})
    paths = ("motion/u0", "motion/kernels", "classifier")
    assert [optimizer.multiplier(path) for path in paths] == [2.0, 3.0, 1.0]


def test_a_schedule_is_multiplied_too():
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([2], [RATE, RATE / 10])
    slow = keras.optimizers.schedules.PiecewiseConstantDecay([2], [RATE * SLOW, RATE * SLOW / 10])
    together = train(GroupedSGD(schedule, rates={"motion": SLOW}), two_weights(), TARGET)
    alone = train(keras.optimizers.SGD(slow), two_weights()[:1], TARGET[:1])
    np.testing.assert_allclose(together[:, :1], alone, atol=1e-7)


@pytest.mark.parametrize("grouped", [GroupedSGD, GroupedAdam])
def test_serialises(grouped):
    optimizer = grouped(RATE, rates={"motion": SLOW})
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(optimizer))
    assert type(copy) is grouped
    assert copy.get_config() == optimizer.get_config()
    assert copy.rates == {"motion": SLOW}


def test_a_saved_model_trains_on_as_if_never_saved(tmp_path):
    x, y = START, TARGET
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(5, name="motion"), keras.layers.Dense(5)])
    model.compile(GroupedAdam(0.01, rates={"motion": SLOW}), loss="mse")
    model.fit(x, y, epochs=3, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for one in (model, loaded):
        one.fit(x, y, epochs=2, verbose=0, shuffle=False)
    for got, expected in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-6)


def test_a_pattern_without_a_weight_is_refused():
    with pytest.raises(ValueError, match="No weight matches.*'motoin'.*motion_weight"):
        GroupedSGD(RATE, rates={"motoin": SLOW}).build(two_weights())


def test_negative_multipliers_are_refused():
    with pytest.raises(ValueError, match="negative.*-1"):
        GroupedAdam(RATE, rates={"motion": -1.0})


@pytest.mark.parametrize("grouped", [GroupedSGD, GroupedAdam])
def test_a_graph_equals_eager(grouped):
    weights = two_weights()
    optimizer = grouped(RATE, rates={"motion": SLOW})
    optimizer.build(weights)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.add_n([tf.reduce_sum((w.value - t) ** 4) for w, t in zip(weights, TARGET, strict=True)])
        optimizer.apply(tape.gradient(loss, [weight.value for weight in weights]), weights)

    for _ in range(7):
        step()
    expected = train(grouped(RATE, rates={"motion": SLOW}), two_weights(), TARGET)[-1]
    np.testing.assert_allclose([weight.numpy() for weight in weights], expected, atol=1e-6)


MIRRORED = """
import keras, numpy as np, tensorflow as tf
from tvnet_keras import GroupedAdam, GroupedSGD

cpus = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpus[0], [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
assert strategy.num_replicas_in_sync == 2

def trained(make, scope):
    with scope.scope():
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, name="motion"), keras.layers.Dense(2)])
        optimizer = make(0.05, rates={"motion": 0.1})
        optimizer.build(model.trainable_variables)
    x, y = tf.ones((2, 3)), tf.ones((2, 2))

    def replica_step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(x) - y) ** 2) / scope.num_replicas_in_sync
        variables = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, [v.value for v in variables]), variables))

    step = tf.function(lambda: scope.run(replica_step))
    for _ in range(4):
        step()
    return [keras.ops.convert_to_numpy(weight) for weight in model.weights]

for make in (GroupedSGD, GroupedAdam):
    for two, one in zip(trained(make, strategy), trained(make, tf.distribute.get_strategy())):
        np.testing.assert_allclose(two, one, atol=1e-6)
print("equal")
"""


def test_two_replicas_equal_one(repository):
    # A subprocess, because logical devices can only be made before TensorFlow starts.
    environment = {**os.environ, "PYTHONPATH": str(repository), "TF_CPP_MIN_LOG_LEVEL": "3"}
    result = subprocess.run(
        [sys.executable, "-c", MIRRORED], env=environment, capture_output=True, text=True, timeout=120
    )
    assert result.stdout.strip().endswith("equal"), result.stderr


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        (["motion"], "dictionary"),
        ({1: 0.1}, "dictionary"),
        ({"motion": "slow"}, "numbers.*'slow'"),
        ({"motion": float("nan")}, "numbers.*nan"),
        ({"motion(": 0.1}, r"'motion\(' is no regular expression"),
    ],
)
def test_what_is_no_dictionary_of_patterns_and_multipliers_is_refused(rates, said):
    with pytest.raises(ValueError, match=said):
        GroupedAdam(RATE, rates=rates)
