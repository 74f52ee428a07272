"""TVNet learns: the right weights, finite gradients, positive constants, inside `compile` and `fit`."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.textures import moving_clip
from tvnet_keras import TVNet
from tvnet_keras.layers.tvnet import LEARNABLE

CLIP = moving_clip(2, 24, 31, (0.8, -0.5))
SCALARS = ("tau", "lambda", "theta")


def gradients_of(layer, clip):
    with tf.GradientTape() as tape:
        clip = tf.convert_to_tensor(clip)
        tape.watch(clip)
        flow = layer(clip)
        loss = tf.reduce_mean(flow**2) + tf.reduce_mean(flow)
    return tape.gradient(loss, [clip, *(weight.value for weight in layer.trainable_weights)])


@pytest.mark.parametrize(
    ("learn", "names"),
    [
        ((), set()),
        (("u0",), {"u0"}),
        (("u0", "kernels"), {"u0", "kernels"}),
        (SCALARS, set(SCALARS)),
        (("kernels", "lambda"), {"kernels", "lambda"}),
    ],
)
def test_learn_names_exactly_the_trained_weights(learn, names):
    layer = TVNet(1, 1, 5, learn=learn)
    gradients = gradients_of(layer, CLIP)[1:]
    assert {weight.name for weight in layer.trainable_weights} == names
    assert {weight.name for weight in layer.weights} == {"u0", "kernels", *SCALARS}
    assert all(np.any(np.asarray(gradient)) for gradient in gradients)


def test_a_frozen_layer_trains_nothing():
    layer = TVNet(1, 1, 10)
    layer.trainable = False
    layer.build(CLIP.shape)
    assert layer.trainable_weights == []


@pytest.mark.filterwarnings("ignore:.*floats are taken to span")  # The last clip is beyond every range.
@pytest.mark.parametrize(
    "clip",
    [np.repeat(CLIP[:, :1], 2, axis=1), np.full_like(CLIP, 0.5), np.zeros_like(CLIP), np.ones_like(CLIP) * 1e3],
    ids=["zero motion", "constant", "black", "saturated"],
)
def test_gradients_are_finite_where_there_is_nothing_to_see(clip):
    layer = TVNet(1, 2, 5, learn=LEARNABLE)
    assert np.isfinite(layer(clip)).all()
    for gradient in gradients_of(layer, clip):
        assert np.isfinite(gradient).all()


@pytest.mark.parametrize("name", LEARNABLE)
def test_gradients_equal_finite_differences(name):
    layer = TVNet(1, 1, 5, learn=(name,))
    layer.build(CLIP.shape)
    layer.u0.assign(np.random.default_rng(0).normal(0, 0.3, layer.u0.shape))
    (weight,) = layer.trainable_weights
    gradient = np.asarray(gradients_of(layer, CLIP)[1])
    # The gradient's own direction: the largest change, so that float32 resolves it.
    direction = gradient / np.linalg.norm(gradient)
    start, step, losses = weight.numpy(), 1e-3 if name in ("u0", "kernels") else 1e-4, []
    for sign in (1, -1):
        weight.assign(start + sign * step * direction)
        flow = np.asarray(layer(CLIP), "float64")
        losses.append((flow**2).mean() + flow.mean())
    assert np.linalg.norm(gradient) == pytest.approx((losses[0] - losses[1]) / (2 * step), rel=0.02)


@pytest.mark.parametrize("constants", [{}, {"tau": 5e-4, "lambda_": 5e-4, "theta": 5e-4}], ids=["usual", "small"])
@pytest.mark.parametrize("sign", [1, -1])
def test_constants_stay_positive_at_a_huge_rate(sign, constants):
    layer = TVNet(1, 1, 5, learn=SCALARS, **constants)
    optimizer = keras.optimizers.SGD(1e6)
    for _ in range(3):
        with tf.GradientTape() as tape:
            loss = sign * tf.reduce_mean(layer(CLIP) ** 2)
        gradients = tape.gradient(loss, [weight.value for weight in layer.trainable_weights])
        optimizer.apply(gradients, layer.trainable_weights)
        assert all(float(scalar) > 0 for scalar in layer.scalars)
        assert np.isfinite(layer(CLIP)).all()


def test_compile_and_fit_learn_a_flow():
    inputs = keras.Input(CLIP.shape[1:])
    model = keras.Model(inputs, TVNet(1, 1, 5)(inputs))
    model.compile(keras.optimizers.Adam(0.02), loss="mse")
    truth = np.broadcast_to(np.float32([0.8, -0.5]), (1, 1, 24, 31, 2))
    losses = model.fit(CLIP, truth, epochs=15, verbose=0).history["loss"]
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scales": 0}, "scales=0"),
        ({"warps": 1.5}, "warps=1.5"),
        ({"iterations": -1}, "iterations=-1"),
        ({"tau": 0}, "tau=0"),
        ({"lambda_": -0.1}, "lambda_=-0.1"),
        ({"theta": float("nan")}, "theta=nan"),
        ({"zoom": 1.0}, "zoom=1.0"),
        ({"value_range": (1, 0)}, r"value_range=\(1, 0\)"),
        ({"learn": ("u0", "kernel")}, r"learn=\('u0', 'kernel'\)"),
        ({"learn": "u0"}, "learn='u0'"),
        ({"dtype": "float16"}, "dtype=float16"),
        ({"dtype": "mixed_float16"}, "dtype=mixed_float16"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        TVNet(**arguments)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((None, 1, 16, 16, 3), "at least 2 frames.* 1, 16, 16, 3"),
        ((None, 2, 16, 16, 2), "3 channels.* 2, 16, 16, 2"),
        ((None, 16, 16, 3), "16, 16, 3"),
        ((None, 2, None, 16, 3), "u0_size.*height=None, width=16"),
    ],
)
def test_wrong_clips_are_refused_when_a_model_is_built(shape, message):
    with pytest.raises(ValueError, match=message):
        TVNet()(keras.Input(batch_shape=shape))


def test_a_later_clip_of_one_frame_is_refused_too():
    layer = TVNet(1, 1, 5)
    layer(CLIP)
    with pytest.raises(ValueError, match=r"at least 2 frames.*\(1, 1, 24, 31, 3\)"):
        layer(CLIP[:, :1])
