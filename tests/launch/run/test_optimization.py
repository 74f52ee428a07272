import dataclasses

import keras
import numpy as np
import pytest

import models
import models.motion
from launch.run.config import TrainConfig
from launch.run.optimization import WarmUp, averaged_weights, make_optimizer, make_schedule
from tvnet_keras.choices import load_module, module_names

ALL_LEARNED = ("sobel", "divergence", "tau", "lambda", "theta")
SMALL = {"depth": 10, "width": 8, "iterations": 2, "bottleneck": 4, "motion_width": 8}
SOLVERS = [
    *[("tvnet", {"motion": name, "flow_fields": 5}) for name in module_names(models.motion)],
    ("tvnet", {"motion": "representation_flow", "representation_learn": ALL_LEARNED}),
    ("tvnet_flow", {}),
    ("tvnet_flow", {"learn": ("kernels", "theta"), "kernels_rate": 0.1}),
    ("hidden_two_stream", {"motion": "tvnet", "losses": ("class",), "flow_fields": 5}),
    *[("representation_flow", {"flows": name}) for name in ("flow", "fof", "fcf", "fcfcf")],
    *[
        ("representation_flow", {"variant": name, "learn": ALL_LEARNED, "flows": "fcf"})
        for name in ("paper", "released_v1", "released_v2")
    ],
]
"""Every motion layer that a network can have, with all that it learns."""


def rates(**train):
    """Learning rates of the updates 0, 1, ..."""
    config = TrainConfig(**{"lr": 1.0, "steps": 20, **train})
    schedule = make_schedule(config)
    return np.array([float(schedule(step)) for step in range(config.steps + 1)])


def test_a_constant_rate_is_constant():
    np.testing.assert_allclose(rates(schedule="constant"), 1.0)


def test_a_warm_up_rises_linearly_and_then_follows_the_schedule():
    np.testing.assert_allclose(rates(schedule="constant", warmup=4), [0.25, 0.5, 0.75] + [1.0] * 18)
    after = rates(schedule="cosine", warmup=5)
    np.testing.assert_allclose(after[5:], rates(schedule="cosine", steps=15), atol=1e-6)


def test_cosine_ends_at_zero():
    expected = (1 + np.cos(np.pi * np.arange(21) / 20)) / 2
    np.testing.assert_allclose(rates(schedule="cosine"), expected, atol=1e-6)


@pytest.mark.parametrize("warmup", [0, 3])
def test_steps_fall_to_a_tenth(warmup):
    values = rates(schedule="steps", lr_steps=(8, 16), warmup=warmup)
    np.testing.assert_allclose(values[warmup:8], 1.0)
    np.testing.assert_allclose(values[9:16], 0.1, rtol=1e-5)
    np.testing.assert_allclose(values[17:], 0.01, rtol=1e-5)


def test_steps_fall_by_the_factor_that_is_given():
    values = rates(schedule="steps", lr_steps=(4, 8, 12), lr_factor=0.5)
    # The rate of a step itself is still the one before it.
    np.testing.assert_array_equal(values, np.repeat([1, 0.5, 0.25, 0.125], [5, 4, 4, 8]))
    np.testing.assert_array_equal(rates(schedule="steps", lr_steps=(4, 8), lr_factor=1.0), 1)


def test_a_schedule_survives_serialisation():
    schedule = make_schedule(TrainConfig(steps=30, warmup=5))
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(schedule))
    assert isinstance(again, WarmUp)
    assert [float(again(step)) for step in range(30)] == [float(schedule(step)) for step in range(30)]


@pytest.mark.parametrize("name", ["sgd", "adam"])
@pytest.mark.parametrize(("method", "chosen"), SOLVERS)
def test_weight_decay_spares_the_solver_norms_and_biases(method, chosen, name):
    method = load_module(models, "--method", method)
    known = {field.name for field in dataclasses.fields(method.Options)}
    options = method.Options(**{key: value for key, value in SMALL.items() if key in known} | chosen)
    model = method.build(num_classes=3, clip_shape=(8, 32, 32, 3), options=options)
    train = TrainConfig(optimizer=name, weight_decay=0.1, schedule="constant", lr=0.1)
    optimizer = make_optimizer(train, method.learning_rates(options), models.network_rates_of(model))
    optimizer.build(model.trainable_variables)
    before = [keras.ops.convert_to_numpy(weight) for weight in model.trainable_variables]
    optimizer.apply_gradients([(keras.ops.zeros_like(weight), weight) for weight in model.trainable_variables])
    for weight, old in zip(model.trainable_variables, before, strict=True):
        # Those of TVNet's iterations are called `kernels`, those of Representation Flow by what they differentiate.
        decay = 0.01 * optimizer.multiplier(weight.path) if weight.path.endswith("/kernel") else 0.0
        np.testing.assert_allclose(weight, old * (1.0 - decay), rtol=1e-5, err_msg=weight.path)


def test_a_faster_convolution_decays_as_much_faster():
    # As in Caffe, where the rate of a layer is that of its decay, too: TSN's first convolution has 5.
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(2, 3, name="a"), keras.layers.Conv2D(2, 3)])
    optimizer = make_optimizer(
        TrainConfig(optimizer="sgd", weight_decay=0.1, schedule="constant", lr=0.1), {}, {"(^|/)a/": 5.0}
    )
    optimizer.build(model.trainable_variables)
    before = [keras.ops.convert_to_numpy(weight) for weight in model.trainable_variables]
    optimizer.apply_gradients([(keras.ops.zeros_like(weight), weight) for weight in model.trainable_variables])
    for weight, old in zip(model.trainable_variables, before, strict=True):
        decay = 0.0 if weight.path.endswith("bias") else 0.05 if "a/" in weight.path else 0.01
        np.testing.assert_allclose(weight, old * (1.0 - decay), rtol=1e-5)
    assert optimizer.multiplier("a/kernel") == 5.0


def test_decay_in_the_gradient_is_a_tenth_of_decay_beside_it_at_momentum_0_9():
    # TSN's 0.0005 stands in the gradient, which momentum adds up: as the experiments say, that is 0.005 here.
    steps, rate = 200, 0.1
    optimizer = make_optimizer(
        TrainConfig(optimizer="sgd", weight_decay=0.005, schedule="constant", lr=rate, steps=steps), {}
    )
    weight = keras.Variable([1.0], name="kernel")
    optimizer.build([weight])
    for _ in range(steps):
        optimizer.apply_gradients([(keras.ops.zeros_like(weight), weight)])
    theirs, velocity = 1.0, 0.0
    for _ in range(steps):
        velocity = 0.9 * velocity - rate * 0.0005 * theirs
        theirs += velocity
    # Until the velocity has built up, 1 / (1 - 0.9) steps, theirs lags behind.
    assert 0.93 < (1 - theirs) / (1 - float(weight[0])) < 1 and theirs < 0.92


def one_weight(ema):
    """A model whose weight falls by 1 with every update, its optimizer, and the function that updates it."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    optimizer = make_optimizer(TrainConfig(optimizer="sgd", momentum=0.0, lr=1.0, schedule="constant", ema=ema), {})
    optimizer.build(model.trainable_variables)
    weight = model.trainable_variables[0]
    return model, optimizer, lambda: optimizer.apply_gradients([(keras.ops.ones_like(weight), weight)])


def value(model):
    return float(keras.ops.squeeze(model.trainable_variables[0]))


def test_the_running_average_is_the_one_by_hand_and_training_goes_on_from_the_weights():
    model, optimizer, update = one_weight(ema=0.75)
    expected = None
    for step in range(1, 5):
        update()
        expected = -step if expected is None else 0.75 * expected - 0.25 * step
        with averaged_weights(model, optimizer):
            assert value(model) == pytest.approx(expected, rel=1e-6)
        assert value(model) == -step


def test_without_a_running_average_the_weights_are_what_they_are():
    model, optimizer, update = one_weight(ema=0.0)
    update()
    with averaged_weights(model, optimizer):
        assert value(model) == -1.0
    averaging, optimizer, _ = one_weight(ema=0.9)
    with averaged_weights(averaging, optimizer):
        assert value(averaging) == 0.0
