"""Runs the same checks on every layer of `tvnet_keras/layers`, on the EXAMPLE that the test of each has."""

import functools
import inspect
import json
import typing

import keras
import numpy as np
import pytest
import tensorflow as tf

import tvnet_keras.layers
from tests.checkpoints import assert_a_checkpoint_holds_every_weight
from tests.discovery import classes_of
from tests.docstrings import arguments_of, described_arguments, sections
from tests.examples import example_of
from tests.textures import moving_clip

HEADINGS = ("Args", "Call arguments", "Input shape", "Output shape", "Example")


def found_layers():
    """Every layer class defined in a module of `tvnet_keras/layers`."""
    return classes_of(tvnet_keras.layers, keras.Layer)


every_layer = pytest.mark.parametrize("layer_class", found_layers(), ids=lambda layer_class: layer_class.__name__)


described = functools.cache(example_of)
"""How a layer is made, and what it takes."""


def example_input(layer_class):
    """A moving texture cut to the described shape, 0..1."""
    batch, frames, height, width, channels = described(layer_class).input_shape
    return np.concatenate([moving_clip(frames, height, width, (0.6, -0.3))[..., :channels]] * batch)


@functools.cache
def made(layer_class):
    """The layer, built, and its eager output on the example."""
    layer = described(layer_class).make()
    output = layer(example_input(layer_class))
    return layer, keras.ops.convert_to_numpy(output)


@functools.cache
def rounding_tolerance(layer_class):
    """What two executions of a layer may differ by: ten times what moving the input by one unit in the last place does.

    Iterated solvers amplify roundings (a flow of a flow by a thousand), and the processor decides how a compiled
    graph rounds: one number for every layer is either blind for most of them or fails on another machine.
    """
    layer, output = made(layer_class)
    inputs = example_input(layer_class).astype("float32")
    signs = np.random.default_rng(0).choice(np.float32([-np.inf, np.inf]), (4, *inputs.shape))
    moved = [keras.ops.convert_to_numpy(layer(np.nextafter(inputs, sign))) for sign in signs]
    return max(1e-6, 10 * np.max(np.abs(np.stack(moved) - output)))


@pytest.fixture
def mixed_precision():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    yield
    keras.config.set_dtype_policy(before)


@every_layer
def test_is_registered_so_that_models_load_without_custom_objects(layer_class):
    assert keras.saving.get_registered_name(layer_class) == f"tvnet_keras>{layer_class.__name__}"


@every_layer
def test_docstring_describes_every_argument_in_order_and_what_comes_in_and_out(layer_class):
    found = sections(layer_class.__doc__)
    assert [heading for heading in found if heading in HEADINGS] == list(HEADINGS)
    assert described_arguments(found["Args"]) == arguments_of(layer_class)
    called = [name for name in arguments_of(layer_class.call) if name != "self"]
    assert described_arguments(found["Call arguments"]) == called


@every_layer
def test_gives_finite_output_of_the_promised_shape(layer_class):
    layer, output = made(layer_class)
    assert np.isfinite(output).all()
    assert tuple(layer.compute_output_shape(described(layer_class).input_shape)) == output.shape


@every_layer
def test_unknown_batch_and_time_keep_the_other_sizes(layer_class):
    layer, output = made(layer_class)
    shape = layer.compute_output_shape((None, None, *described(layer_class).input_shape[2:]))
    assert tuple(shape) == (None, None, *output.shape[2:])


@every_layer
def test_survives_a_saved_model(layer_class, tmp_path):
    layer, output = made(layer_class)
    inputs = keras.Input(described(layer_class).input_shape[1:])
    keras.Model(inputs, layer(inputs)).save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    as_stored = json.loads(json.dumps(layer.get_config()))  # tuples come back as lists from nested layers
    assert json.loads(json.dumps(loaded.layers[-1].get_config())) == as_stored
    np.testing.assert_allclose(loaded(example_input(layer_class)), output, atol=1e-5)


@every_layer
def test_a_tensorflow_checkpoint_holds_every_weight(layer_class, tmp_path):
    def make():
        layer = described(layer_class).make()
        layer.build(described(layer_class).input_shape)
        return layer

    assert_a_checkpoint_holds_every_weight(make, tmp_path / "checkpoint")


@every_layer
@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "compiled"])
def test_graph_and_compiled_equal_eager(layer_class, jit_compile):
    layer, output = made(layer_class)
    result = tf.function(lambda x: layer(x), jit_compile=jit_compile)(tf.constant(example_input(layer_class)))
    np.testing.assert_allclose(result, output, rtol=0, atol=rounding_tolerance(layer_class))


@every_layer
def test_unknown_sizes_equal_known_ones(layer_class):
    layer, output = made(layer_class)
    channels = described(layer_class).input_shape[-1]
    function = tf.function(lambda x: layer(x), input_signature=[tf.TensorSpec((None, None, None, None, channels))])
    result = function(example_input(layer_class))
    np.testing.assert_allclose(result, output, rtol=0, atol=rounding_tolerance(layer_class))


@every_layer
def test_is_finite_and_near_in_mixed_precision(layer_class, mixed_precision):
    layer = described(layer_class).make()
    layer.build(described(layer_class).input_shape)
    layer.set_weights(made(layer_class)[0].get_weights())
    output = keras.ops.convert_to_numpy(layer(example_input(layer_class)))
    assert output.dtype == layer.compute_dtype
    np.testing.assert_allclose(output, made(layer_class)[1], atol=0.02)


@every_layer
def test_gradients_are_finite(layer_class):
    layer, _ = made(layer_class)
    inputs = tf.constant(example_input(layer_class))
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        total = tf.reduce_sum(layer(inputs))
    for gradient in tape.gradient(total, [inputs, *(weight.value for weight in layer.trainable_weights)]):
        assert gradient is not None
        assert np.isfinite(gradient).all()


@every_layer
def test_batch_entries_are_independent(layer_class):
    layer, output = made(layer_class)
    clip = example_input(layer_class)
    other = layer(np.concatenate([clip[:1], clip[:1, ::-1]]))
    np.testing.assert_allclose(other[:1], output[:1], rtol=0, atol=rounding_tolerance(layer_class))


CONSTANTS = {"tau": "tau", "lambda": "lambda_", "theta": "theta"}
with_constants = pytest.mark.parametrize(
    "layer_class",
    [layer for layer in found_layers() if set(CONSTANTS.values()) <= set(inspect.signature(layer).parameters)],
    ids=lambda layer_class: layer_class.__name__,
)


@with_constants
@pytest.mark.parametrize("size", [1e-6, 5e-4, 0.005, 0.2])
def test_a_step_at_rate_0_leaves_the_constants_as_they_were_given(layer_class, size):
    layer = layer_class(iterations=1, learn=tuple(CONSTANTS), **dict.fromkeys(CONSTANTS.values(), size))
    layer.build(described(layer_class).input_shape)
    weights = layer.trainable_weights
    keras.optimizers.SGD(0.0).apply([keras.ops.ones_like(weight) for weight in weights], weights)
    constants = {weight.name: float(weight) for weight in weights if weight.name in CONSTANTS}
    assert constants == pytest.approx(dict.fromkeys(CONSTANTS, size))


def whole_number_arguments():
    """Every layer with each of its arguments that is annotated as an int or as a pair of them."""
    for layer_class in found_layers():
        for name, parameter in inspect.signature(layer_class).parameters.items():
            kinds = (parameter.annotation, *typing.get_args(parameter.annotation))
            pair = tuple[int, int] in kinds
            if pair or int in kinds:
                yield pytest.param(layer_class, name, pair, id=f"{layer_class.__name__}-{name}")


def with_argument(layer_class, name, value):
    own = described(layer_class).make().get_config()
    return layer_class(**{**own, name: value})


@pytest.mark.parametrize(("layer_class", "name", "pair"), list(whole_number_arguments()))
@pytest.mark.parametrize("value", [2.9, -1, float("nan"), float("inf"), "3", True, [3], 3 + 0j])
def test_an_argument_that_counts_is_a_whole_number(layer_class, name, pair, value):
    with pytest.raises(ValueError, match=rf"{name} must .*Received: {name}="):
        with_argument(layer_class, name, (3, value) if pair else value)


def pairs():
    return [parameter for parameter in whole_number_arguments() if parameter.values[2]]


@pytest.mark.parametrize(("layer_class", "name", "pair"), pairs())
@pytest.mark.parametrize("value", [0, 3, (), (3,), (3, 4, 5), "34", b"34", {3, 4}, {3: 4, 5: 6}, [[3], [4]], object()])
def test_a_pair_has_two_numbers_in_order(layer_class, name, pair, value):
    with pytest.raises(ValueError, match=rf"{name} must .*Received: {name}="):
        with_argument(layer_class, name, value)


@pytest.mark.parametrize(("layer_class", "name", "pair"), list(whole_number_arguments()))
def test_a_whole_number_may_come_as_a_float_and_is_kept_as_an_int(layer_class, name, pair):
    kept = with_argument(layer_class, name, (9.0, 11.0) if pair else 13.0).get_config()[name]
    assert kept == ((9, 11) if pair else 13)
    assert all(type(number) is int for number in (kept if pair else (kept,)))
