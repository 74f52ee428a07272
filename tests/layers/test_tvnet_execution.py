"""TVNet gives one flow however it runs: eager, graph, XLA, unknown sizes, mixed precision, saved and loaded."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.textures import moving_clip
from tvnet_keras import TVNet

CLIP = moving_clip(3, 33, 47, (0.8, -0.5))


@pytest.fixture(scope="module")
def layer():
    layer = TVNet(2, 1, 5, u0_size=(16, 24))
    layer.build(CLIP.shape)
    layer.u0.assign(np.random.default_rng(0).normal(0, 0.3, layer.u0.shape))
    return layer


@pytest.fixture(scope="module")
def flow(layer):
    return keras.ops.convert_to_numpy(layer(CLIP))


@pytest.fixture
def mixed_precision():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    yield
    keras.config.set_dtype_policy(before)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_graph_and_compiled_equal_eager(layer, flow, jit_compile):
    function = tf.function(layer, jit_compile=jit_compile)
    np.testing.assert_allclose(function(tf.constant(CLIP)), flow, atol=1e-4)


def traced(layer, *batches, jit_compile=True):
    """What is said while functions of the layer are traced; they are not compiled, which would take its time."""
    function = tf.function(lambda clip: layer(clip), jit_compile=jit_compile)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for batch in batches:
            function.get_concrete_function(tf.TensorSpec((batch, *CLIP.shape[1:])))
    return [str(warning.message) for warning in caught if "jit_compile" in str(warning.message)]


def test_a_compilation_of_many_seconds_is_announced_once():
    (sentence,) = traced(TVNet(3, 2, 2, name="flow"), 1, 2)
    assert sentence.startswith("flow: jit_compile=True has XLA compile 3 scales x 2 warps") and "about 18 s" in sentence
    assert not traced(TVNet(1, 2, 2), 1)
    assert not traced(TVNet(3, 2, 2), 1, jit_compile=False)


def test_unknown_sizes_equal_known_ones(layer, flow):
    function = tf.function(layer, input_signature=[tf.TensorSpec((None, None, None, None, 3))])
    np.testing.assert_allclose(function(CLIP), flow, atol=1e-4)
    small = moving_clip(2, 4, 5)  # where the second scale is skipped
    np.testing.assert_allclose(function(small), layer(small), atol=1e-4)


def test_mixed_precision_does_not_reach_the_solver(layer, flow, mixed_precision):
    pinned = TVNet.from_config({**layer.get_config(), "dtype": "float32"})
    pinned.build(CLIP.shape)
    pinned.set_weights(layer.get_weights())
    assert TVNet().compute_dtype == "float32"
    np.testing.assert_allclose(pinned(CLIP), flow, atol=1e-5)


def test_behind_a_float16_layer_only_the_input_is_rounded(mixed_precision):
    inputs = keras.Input(CLIP.shape[1:])
    halves = keras.layers.Rescaling(1.0)(inputs)
    motion = TVNet(1, 1, 10)
    model = keras.Model(inputs, [halves, motion(halves)])
    rounded, flow = model(CLIP)
    assert (rounded.dtype, flow.dtype) == ("float16", "float32")
    np.testing.assert_allclose(flow, motion(tf.cast(rounded, "float32")), atol=1e-5)


def test_the_graph_does_not_grow_with_the_iterations():
    def nodes(iterations):
        layer = TVNet(1, 1, iterations)
        layer.build(CLIP.shape)

        @tf.function
        def step(clip):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(layer(clip) ** 2)
            return tape.gradient(loss, layer.trainable_variables)

        definition = step.get_concrete_function(tf.TensorSpec(CLIP.shape)).graph.as_graph_def()
        return len(definition.node) + sum(len(function.node_def) for function in definition.library.function)

    # The compiled functions that all layers share are traced at their first use, with more around them. Numbers that no
    # other test has: TensorFlow also takes a larger trace for unknown sizes, if one with as many iterations is there.
    few, many = [[nodes(iterations) for _ in range(2)][1] for iterations in (7, 43)]
    assert few == many


def test_config_round_trip(layer):
    full = TVNet(
        2,
        3,
        7,
        value_range=(-1, 1),
        tau=0.2,
        lambda_=0.1,
        theta=0.4,
        zoom=0.7,
        learn=("tau",),
        u0_size=(4, 5),
        name="m",
    )
    assert TVNet.from_config(full.get_config()).get_config() == full.get_config()
    assert keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(full)).learn == ("tau",)


def test_a_saved_model_gives_the_same_flow(layer, flow, tmp_path):
    inputs = keras.Input((None, None, None, 3))
    keras.Model(inputs, layer(inputs)).save(tmp_path / "flow.keras")
    loaded = keras.saving.load_model(tmp_path / "flow.keras")
    np.testing.assert_allclose(loaded(CLIP), flow, atol=1e-5)
