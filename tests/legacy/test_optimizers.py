"""Rates per group are tensorflow-addons' `MultiOptimizer`; Keras's `use_ema` is its `MovingAverage(start_step=1)`."""

import numpy as np
import pytest
import tensorflow as tf

from tests.legacy.cases import DECAY, ELSEWHERE, LAYERS, OPTIMIZERS, RATE, SLOW, STEPS

tfa = pytest.importorskip("tensorflow_addons", reason=ELSEWHERE)

every_optimizer = pytest.mark.parametrize("name", OPTIMIZERS)


@pytest.fixture
def network(ours):
    """The network that ours started from."""
    case = ours("optimizers")
    (first, units), (last, classes) = LAYERS.items()
    layers = [
        tf.keras.layers.Dense(units, activation="tanh", name=first),
        tf.keras.layers.Dense(classes, name=last),
    ]
    network = tf.keras.Sequential([tf.keras.Input((4,)), *layers])
    network.set_weights([case[f"start {k}"] for k in range(len(network.weights))])
    return network


def plain(name, rate=RATE):
    # tensorflow-addons accepts the optimizers of Keras 2.10 only.
    kind, arguments = OPTIMIZERS[name]
    return getattr(tf.keras.optimizers.legacy, kind)(rate, **arguments)


def train(network, optimizer, case):
    for _ in range(STEPS):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((network(case["x"]) - case["y"]) ** 2)
        gradients = tape.gradient(loss, network.trainable_variables)
        optimizer.apply_gradients(zip(gradients, network.trainable_variables, strict=True))


def difference(network, case, key):
    """The largest difference between these weights and ours of that key."""
    weights = network.get_weights()
    return max(np.abs(case[f"{key} {k}"] - weight).max() for k, weight in enumerate(weights))


@every_optimizer
def test_rates_per_group_equal_multi_optimizer(name, network, ours):
    slow, fast = network.layers
    optimizer = tfa.optimizers.MultiOptimizer([(plain(name, RATE * SLOW), slow), (plain(name), fast)])
    train(network, optimizer, ours("optimizers"))
    assert difference(network, ours("optimizers"), f"{name} grouped") < 1e-5


@every_optimizer
def test_one_rate_for_all_would_differ(name, network, ours):
    train(network, plain(name), ours("optimizers"))
    assert difference(network, ours("optimizers"), f"{name} grouped") > 0.01


@every_optimizer
def test_averaged_weights_equal_moving_average_from_the_first_step(name, network, ours):
    optimizer = tfa.optimizers.MovingAverage(plain(name), average_decay=DECAY, start_step=1)
    train(network, optimizer, ours("optimizers"))
    assert difference(network, ours("optimizers"), f"{name} averaged") > 0.01
    optimizer.assign_average_vars(network.trainable_variables)
    assert difference(network, ours("optimizers"), f"{name} averaged") < 1e-5


def test_moving_average_from_step_zero_would_differ(network, ours):
    # Its average starts from the weights before the first step; Keras's from those after it.
    optimizer = tfa.optimizers.MovingAverage(plain("adam"), average_decay=DECAY, start_step=0)
    train(network, optimizer, ours("optimizers"))
    optimizer.assign_average_vars(network.trainable_variables)
    assert difference(network, ours("optimizers"), "adam averaged") > 1e-3
