"""A gradient of a gradient is right or refused in a sentence; one gradient within another tape is not disturbed."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.textures import moving_clip
from tvnet_keras import FlowOfFlow, RepresentationFlow, TVNet
from tvnet_keras.errors import InputError

CLIP = moving_clip(3, 7, 8, (0.6, -0.3))

ONCE = {
    "TVNet": lambda **mode: TVNet(1, 1, 2, **mode),
    "default": lambda **mode: RepresentationFlow(None, 2, output="flow", **mode),
    "released_v1": lambda **mode: RepresentationFlow(None, 2, variant="released_v1", output="flow", **mode),
    "FlowOfFlow": lambda **mode: FlowOfFlow(2, True, 2, 2, output="flow", **mode),
}
TWICE = ("paper", "released_v2")

once = pytest.mark.parametrize("make", ONCE.values(), ids=ONCE)


def values_of(layer, clip):
    """What the gradients are taken of: the clip and the weights that are trained."""
    return [clip, *(weight.value for weight in layer.trainable_weights)]


def gradients(layer, clip):
    values = values_of(layer, clip)
    with tf.GradientTape() as tape:
        tape.watch(clip)
        loss = tf.reduce_sum(layer(clip) ** 2)
    return tape.gradient(loss, values)


def penalty_gradients(layer, clip, number):
    """Gradients of the size of one of the gradients."""
    with tf.GradientTape() as tape:
        tape.watch(clip)
        penalty = tf.reduce_sum(gradients(layer, clip)[number] ** 2)
    return tape.gradient(penalty, values_of(layer, clip))


def built(layer):
    layer.build(CLIP.shape)
    return layer, tf.constant(CLIP)


REFUSAL = "^TV-L1's iterations have a first derivative only: .* cannot be taken"


@once
def test_a_gradient_of_any_gradient_is_refused_in_a_sentence(make):
    layer, clip = built(make())
    for number in range(len(values_of(layer, clip))):
        with pytest.raises(InputError, match=REFUSAL):
            penalty_gradients(layer, clip, number)


@pytest.mark.parametrize("make", [pytest.param(ONCE["TVNet"], marks=pytest.mark.slow), ONCE["default"]])
def test_it_is_refused_in_the_portable_mode_too(make):
    with pytest.raises(InputError, match=REFUSAL):
        penalty_gradients(*built(make(mode="portable")), 0)


def test_in_a_graph_it_is_refused_when_it_is_computed():
    layer, clip = built(ONCE["TVNet"]())
    with pytest.raises(tf.errors.InvalidArgumentError, match="have a first derivative only"):
        tf.function(lambda: penalty_gradients(layer, clip, 0))()


def test_where_xla_compiles_it_is_refused_at_once():
    layer, clip = built(ONCE["TVNet"]())
    with pytest.raises(InputError, match="have a first derivative only"):
        tf.function(lambda: penalty_gradients(layer, clip, 0), jit_compile=True, autograph=False)()


@pytest.mark.parametrize("mode", ["auto", "portable"])
@pytest.mark.parametrize("make", [ONCE["TVNet"], ONCE["default"]], ids=["TVNet", "default"])
def test_a_tape_around_that_asks_for_another_gradient_is_not_disturbed(make, mode):
    layer, clip = built(make(mode=mode))
    factor = tf.Variable(3.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(clip)
        inner = gradients(layer, clip)
        loss = factor * tf.stop_gradient(inner[0][0, 0, 0, 0, 0])
    assert float(tape.gradient(loss, factor)) == float(inner[0][0, 0, 0, 0, 0])
    for found, expected in zip(inner, gradients(layer, clip), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("variant", TWICE)
def test_the_second_derivatives_that_there_are_are_right(variant):
    layer, clip = built(RepresentationFlow(None, 2, variant=variant, output="flow", normalize=False))
    clip = 100 * clip
    direction = tf.constant(np.random.default_rng(0).normal(size=clip.shape).astype("float32"))
    second = float(tf.reduce_sum(penalty_gradients(layer, clip, 0)[0] * direction))
    sizes = [float(tf.reduce_sum(gradients(layer, clip + step * direction)[0] ** 2)) for step in (0.001, -0.001)]
    assert second == pytest.approx((sizes[0] - sizes[1]) / 0.002, rel=0.05)


def test_a_layer_behind_one_that_is_differentiated_twice_is_not_disturbed():
    # The penalty is on a network that the flow does not stand in.
    layer, clip = built(ONCE["TVNet"]())
    dense = keras.layers.Dense(1)
    flow = layer(clip)
    with tf.GradientTape() as tape:
        with tf.GradientTape() as inner:
            inner.watch(flow)
            loss = tf.reduce_sum(dense(flow) ** 2)
        penalty = tf.reduce_sum(inner.gradient(loss, flow) ** 2)
    assert np.isfinite(tape.gradient(penalty, dense.kernel.value)).all()
