"""The compiled loop equals the oracle, and its own gradient equals automatic differentiation and finite differences."""

import numpy as np
import pytest
import tensorflow as tf

from tests import oracle
from tvnet_keras.ops.tvl1 import formulae, portable
from tvnet_keras.ops.tvl1.formulae import Constants, DataTerm
from tvnet_keras.ops.tvl1.solver import solve

SHAPE = (2, 9, 11)
ITERATIONS = 8
NAMES = ("state", "data", "taps", "constants")


def random_arguments(shape=SHAPE, iterations=ITERATIONS, seed=0):
    """Random float64 arguments on which every branch of the threshold step is taken."""
    random = np.random.default_rng(seed)
    state = random.normal(0, 1, (6, *shape))
    state[2:] *= 0.4
    taps = np.tile(oracle.INITIAL_TAPS, (iterations, 1, 1)) + random.normal(0, 0.1, (iterations, 8, 2))
    return [state, random.normal(0, 1, (3, *shape)), taps, np.array([0.25, 0.15, 0.3])]


def float32(arguments):
    return [tf.constant(argument, "float32") for argument in arguments]


def unrolled(state, data, taps, constants):
    fields = tuple(tf.unstack(state))
    for kernel in tf.unstack(taps):
        fields = formulae.iteration(fields, DataTerm(*tf.unstack(data)), kernel, Constants(*tf.unstack(constants)))
    return tf.stack(fields)


def value_and_gradients(function, arguments, weights):
    with tf.GradientTape() as tape:
        for argument in arguments:
            tape.watch(argument)
        value = tf.reduce_sum(tf.cast(weights, arguments[0].dtype) * function(*arguments))
    return value, tape.gradient(value, arguments)


def oracle_solve(state, data, taps, constants):
    images = range(state.shape[1])
    return np.stack([np.stack(oracle.solve(state[:, n], data[:, n], taps, constants)) for n in images], axis=1)


@pytest.fixture(scope="module")
def weights():
    return np.random.default_rng(1).normal(size=(6, *SHAPE))


@pytest.fixture(scope="module")
def gradients(weights):
    """The solver's own gradients with respect to its four arguments."""
    return [gradient.numpy() for gradient in value_and_gradients(solve, float32(random_arguments()), weights)[1]]


def test_equals_the_oracle():
    arguments = random_arguments()
    assert np.abs(solve(*float32(arguments)) - oracle_solve(*arguments)).max() < 1e-4


@pytest.mark.parametrize("index", range(4), ids=NAMES)
def test_gradient_equals_automatic_differentiation(gradients, weights, index):
    # In float64, so that only the solver's own rounding remains.
    arguments = [tf.constant(argument) for argument in random_arguments()]
    expected = value_and_gradients(unrolled, arguments, weights)[1][index].numpy()
    assert np.linalg.norm(gradients[index] - expected) < 1e-4 * np.linalg.norm(expected)


@pytest.mark.parametrize("index", range(4), ids=NAMES)
def test_gradient_equals_finite_differences_of_the_oracle(gradients, weights, index):
    arguments, step = random_arguments(), 1e-6
    direction = np.random.default_rng(2).normal(size=arguments[index].shape)
    values = []
    for sign in (1, -1):
        moved = list(arguments)
        moved[index] = arguments[index] + sign * step * direction
        values.append(np.sum(weights * oracle_solve(*moved)))
    assert np.sum(gradients[index] * direction) == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-3)


def test_unknown_sizes_inside_a_graph_give_the_same(gradients, weights):
    unknown = [None, None, None]
    signature = [tf.TensorSpec((6, *unknown)), tf.TensorSpec((3, *unknown)), tf.TensorSpec((ITERATIONS, 8, 2))]

    @tf.function(input_signature=[*signature, tf.TensorSpec((3,))])
    def graph(*arguments):
        return value_and_gradients(solve, list(arguments), weights)[1]

    for got, expected in zip(graph(*float32(random_arguments())), gradients, strict=True):
        assert np.linalg.norm(got - expected) <= 1e-5 * np.linalg.norm(expected)


def test_one_image_may_come_from_a_function_that_forgot_its_size():
    arguments = float32(random_arguments((1, 6, 5)))
    specs = [tf.TensorSpec((6, 1, 6, 5)), tf.TensorSpec((3, None, None, None)), tf.TensorSpec((ITERATIONS, 8, 2))]

    @tf.function(input_signature=[*specs, tf.TensorSpec((3,))])
    def graph(*arguments):
        return value_and_gradients(lambda *tensors: solve(*tensors, mode="portable"), list(arguments), 1.0)[1]

    expected = value_and_gradients(unrolled, arguments, 1.0)[1]
    for got, wanted in zip(graph(*arguments), expected, strict=True):
        assert np.linalg.norm(got - wanted) <= 1e-5 * np.linalg.norm(wanted)


def test_runs_and_differentiates_inside_a_compiled_function(gradients, weights):
    @tf.function(jit_compile=True)
    def graph(*arguments):
        return value_and_gradients(solve, list(arguments), weights)[1]

    for got, expected in zip(graph(*float32(random_arguments())), gradients, strict=True):
        assert np.linalg.norm(got - expected) <= 1e-5 * np.linalg.norm(expected)


def test_only_the_differentiated_argument_needs_a_gradient(gradients, weights):
    arguments = float32(random_arguments())
    taps = tf.Variable(arguments[2])
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(tf.cast(weights, "float32") * solve(*arguments[:2], taps, arguments[3]))
    np.testing.assert_allclose(tape.gradient(value, taps), gradients[2], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("level", [0.0, 255.0], ids=["nothing moves", "saturated"])
def test_gradients_are_finite_without_texture(level):
    state, data = np.zeros((6, *SHAPE)), np.zeros((3, *SHAPE))
    data[0] = level
    arguments = float32([state, data, *random_arguments()[2:]])
    value, gradients = value_and_gradients(solve, arguments, np.ones((6, *SHAPE)))
    assert np.isfinite(value)
    assert all(np.isfinite(gradient).all() for gradient in gradients)


def test_images_solved_one_after_the_other_are_solved_as_together(monkeypatch):
    arguments = float32(random_arguments((3, 6, 5), 4))
    arguments[2] = arguments[2][:, None]
    upstream = tf.constant(np.random.default_rng(1).normal(size=(6, 3, 6, 5)), tf.float32)
    found = []
    for pixels in (1, 1000):
        monkeypatch.setattr(portable, "LARGE_IMAGE", pixels)
        found.append([portable._forward(*arguments), *portable._backward(*arguments, upstream)])
    for apart, together in zip(*found, strict=True):
        np.testing.assert_allclose(apart, together, atol=1e-5)
