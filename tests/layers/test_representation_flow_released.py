"""Both released variants against outputs and gradients of the authors' code, fed the very same floats."""

import numpy as np
import pytest
import tensorflow as tf

from tvnet_keras import RepresentationFlow
from tvnet_keras.ops.representation.released import dense_flow

ALL = ("sobel", "divergence", "tau", "lambda", "theta")
CONSTANTS = {"tau": "a", "lambda": "l", "theta": "t"}
KERNELS = {
    "image_gradient": ("img_grad", "img_grad2"),
    "divergence": ("div", "div2"),
    "flow_gradient": ("f_grad", "f_grad2"),
}


def channels_last(tensor):
    """`[..., C, T, H, W]` or `[..., C, H, W]` with the batch in front."""
    return np.moveaxis(tensor, 1, -1)


def relative_error(value, expected):
    # NaN stands for "no gradient" in the stored files.
    expected = np.zeros_like(value) if np.isnan(expected).all() else expected
    return np.linalg.norm(value - expected) / max(np.linalg.norm(expected), 1e-6)


def stored(golden, kind, name, arrange):
    """Both directions of one kernel, in the layer's order; NaN where nothing was stored."""
    pair = [golden[f"{kind}/{key}"] for key in KERNELS[name]]
    return np.nan if np.isnan(pair[0]).all() else arrange(pair)


def per_channel(pair):
    """`[C, 1, 1, taps]` and `[C, 1, taps, 1]` to `[C, (x, y), taps]`."""
    return np.stack([kernel.reshape(len(kernel), -1) for kernel in pair], axis=1)


def dense(pair):
    """`[out, in, 1, taps]` or `[out, in, taps, 1]`, twice, to `[(x, y), taps, in, out]`."""
    return np.stack([kernel.reshape(*kernel.shape[:2], -1).transpose(2, 1, 0) for kernel in pair])


def load_flow_weights(layer, golden, arrange):
    for name, weight in layer.kernels.items():
        weight.assign(stored(golden, "param", name, arrange))
    for weight in layer.constants:
        weight.assign(golden[f"param/{CONSTANTS[weight.name]}"].item())


def assert_flow_weights(layer, gradients, golden, arrange, tolerance):
    for name, weight in layer.kernels.items():
        expected = stored(golden, "grad", name, arrange)
        assert relative_error(gradients[weight.path], expected) < tolerance, name
    for weight in layer.constants:
        expected = golden[f"grad/{CONSTANTS[weight.name]}"].reshape(())
        assert relative_error(gradients[weight.path], expected) < tolerance, weight.name


def output_and_gradients(layer, inputs, **arguments):
    """Output, gradient of the input and `{path: gradient}` of the weights, for the loss mean(square)."""
    inputs = tf.constant(inputs, tf.float32)
    weights = layer.trainable_variables
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        output = layer(inputs, **arguments)
        loss = 2 * tf.reduce_mean(output**2) if layer.output_kind == "flow" else tf.reduce_mean(output**2)
    gradients = tape.gradient(loss, [inputs, *(weight.value for weight in weights)])
    return output, gradients[0], {weight.path: np.asarray(g) for weight, g in zip(weights, gradients[1:], strict=True)}


@pytest.mark.parametrize("mode", ["portable", "auto"])
@pytest.mark.parametrize("name", ["C1_28x28_n10_f64", "C8_28x28_n10_f32", "C8_28x28_n1_f32"])
def test_the_first_version_gives_the_official_flow_and_gradients(goldens, name, mode):
    golden = np.load(goldens / f"repflow_old_{name}.npz")
    iterations = int(name.split("_n")[1].split("_")[0])
    layer = RepresentationFlow(
        None, iterations, ALL, "released_v1", output="flow", normalize=False, mode=mode, dtype="float32"
    )
    clip = np.stack([channels_last(golden["x"]), channels_last(golden["y"])], axis=1)
    layer.build(clip.shape)
    load_flow_weights(layer, golden, per_channel)
    flow, frames, gradients = output_and_gradients(layer, clip)
    expected = np.concatenate([channels_last(golden["u1"]), channels_last(golden["u2"])], axis=-1)
    np.testing.assert_allclose(flow[:, 0], expected, atol=1e-4, rtol=0)
    for time, key in enumerate("xy"):
        assert relative_error(frames[:, time], channels_last(golden[f"grad/{key}"])) < 1e-3, key
    assert_flow_weights(layer, gradients, golden, per_channel, 1e-3)


@pytest.mark.parametrize("mode", ["portable", "auto"])
def test_every_channel_has_its_own_kernels_in_the_first_version(mode):
    random = np.random.default_rng(0)
    clip = random.uniform(0, 255, (2, 3, 6, 7, 3)).astype("float32")
    arguments = {"variant": "released_v1", "output": "flow", "normalize": False, "mode": mode}
    whole, alone = (RepresentationFlow(None, 4, **arguments) for _ in range(2))
    whole.build(clip.shape)
    alone.build((*clip.shape[:-1], 1))
    for weight in whole.kernels.values():
        weight.assign(weight + random.normal(0, 0.2, weight.shape))
    flow = whole(clip)
    for channel in range(3):
        part = clip[..., channel : channel + 1]
        for name, weight in alone.kernels.items():
            weight.assign(whole.kernels[name][channel : channel + 1])
        np.testing.assert_allclose(alone(part), flow[..., channel::3], atol=1e-4)


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
def test_the_second_version_gives_the_official_features_and_gradients(goldens, training):
    golden = np.load(goldens / f"repflow_new_C8_b4_B2T4_28x28_n10_{'train' if training else 'eval'}.npz")
    layer = RepresentationFlow(4, 10, ALL, "released_v2")
    clip = channels_last(golden["x"])
    layer.build(clip.shape)
    load_flow_weights(layer, golden, dense)
    convolutions = {"bottleneck": (layer.reduce, np.s_[:]), "unbottleneck": (layer.restore, np.s_[None, None])}
    for key, (convolution, index) in convolutions.items():
        convolution.kernel.assign(golden[f"param/{key}.weight"][:, :, 0, 0, 0].T[index])
    output, frames, gradients = output_and_gradients(layer, clip, training=training)
    # Mixing all channels is chaotic: 1e-7 of the input is 10 % of the float64 gradients (docs/methods).
    assert relative_error(output.numpy(), channels_last(golden["out"])) < 1e-4
    assert relative_error(frames, channels_last(golden["grad/x"])) < 2e-3
    assert_flow_weights(layer, gradients, golden, dense, 5e-3)
    for key, (convolution, index) in convolutions.items():
        expected = golden[f"grad/{key}.weight"][:, :, 0, 0, 0].T[index]
        assert relative_error(gradients[convolution.kernel.path], expected) < 2e-3, key
    for key, weight in (("weight", layer.norm.gamma), ("bias", layer.norm.beta)):
        assert relative_error(gradients[weight.path], golden[f"grad/bn.{key}"]) < 1e-3, key
    np.testing.assert_allclose(layer.norm.moving_mean, golden["buffer_after/bn.running_mean"], atol=1e-5)
    # PyTorch's running variance is that of the population, Keras's that of the sample.
    np.testing.assert_allclose(layer.norm.moving_variance, golden["buffer_after/bn.running_var"], atol=1e-3)


def test_the_second_version_is_chaotic_even_in_float64(goldens):
    golden = np.load(goldens / "repflow_new_C8_b4_B2T4_28x28_n10_eval.npz")
    features = channels_last(golden["x"]).astype(float) @ golden["param/bottleneck.weight"][:, :, 0, 0, 0].T
    features *= 255 / np.ptp(features)
    kernels = {name: tf.constant(stored(golden, "param", name, dense), tf.float64) for name in KERNELS}
    constants = tf.constant([0.25, 0.15, 0.3], tf.float64)
    noise = np.random.default_rng(0).normal(size=features.shape)

    def gradient(size):
        inputs = tf.constant(features * (1 + size * noise))
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            frames = [tf.reshape(part, (-1, 28, 28, 4)) for part in (inputs[:, :-1], inputs[:, 1:])]
            loss = sum(tf.reduce_mean(part**2) for part in dense_flow(*frames, kernels, constants, 10))
        return tape.gradient(loss, inputs).numpy()

    exact = gradient(0)
    changes = [relative_error(gradient(size), exact) for size in (1e-7, 1e-11)]
    # Large for rounding as small as float32's; the derivative is right all the same, as it converges.
    assert 0.02 < changes[0] < 1 and changes[1] < 1e-3


def test_in_the_released_code_one_example_changes_another():
    clip = np.random.default_rng(0).uniform(0, 1, (2, 2, 6, 7, 3)).astype("float32")
    for variant in ("released_v1", "released_v2"):
        layer = RepresentationFlow(2, 3, variant=variant)
        alone = layer(clip[:1])
        beside_a_brighter_one = layer(clip * np.float32([1, 10])[:, None, None, None, None])[:1]
        assert np.abs(alone - beside_a_brighter_one).max() > 1e-2
