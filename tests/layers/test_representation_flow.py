"""Representation Flow against theory, the float64 oracle and finite differences, in every variant."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests import oracle, representation_oracle
from tests.checkpoints import assert_a_checkpoint_holds_every_weight
from tests.examples import LayerExample
from tests.textures import texture
from tvnet_keras import RepresentationFlow
from tvnet_keras.errors import InputError
from tvnet_keras.layers.representation_flow import LEARNABLE
from tvnet_keras.ops.representation.variants import VARIANTS

EXAMPLE = LayerExample(lambda: RepresentationFlow(2, 2), (2, 3, 9, 11, 3))
WEIGHTS = {
    "sobel": {"image_gradient"},
    "divergence": {"divergence", "flow_gradient"},
    "tau": {"tau"},
    "lambda": {"lambda"},
    "theta": {"theta"},
}

every_variant = pytest.mark.parametrize("variant", sorted(VARIANTS))


def pair(size=(64, 64), shift=(1.0, -0.5), channels=1, seed=0):
    """`[1, 2, H, W, C]` in 0..255: different textures, all moved by `shift`."""
    frames = [
        np.stack([texture(*size, (t * shift[0], t * shift[1]), seed + channel) for channel in range(channels)], -1)
        for t in (0, 1)
    ]
    return np.stack(frames)[None].astype("float32")


def solver(iterations=3, variant="default", **arguments):
    """The layer without anything around its iterations."""
    return RepresentationFlow(None, iterations, variant=variant, output="flow", normalize=False, **arguments)


def disturbed(layer, clip, seed=0):
    """The layer, built, with kernels and constants that are not the initial ones."""
    random = np.random.default_rng(seed)
    if not layer.built:
        layer.build(clip.shape)
    for weight in (*layer.kernels.values(), *layer.constants):
        weight.assign(weight + 0.1 * random.uniform(0.2, 1, weight.shape) * np.abs(weight.numpy()).max())
    return layer


def gradients_of(layer, clip):
    """Gradients of the input and of the trainable weights of the flow, for a loss of either sign; in that order."""
    if not layer.built:
        layer.build(clip.shape)
    with tf.GradientTape() as tape:
        inputs = tf.constant(clip)
        tape.watch(inputs)
        output = layer(inputs)
        loss = tf.reduce_mean(output**2) + tf.reduce_mean(output)
    return tape.gradient(loss, [inputs, *(weight.value for weight in flow_weights(layer))])


def flow_weights(layer):
    """The trainable weights apart from the convolutions."""
    return [weight for weight in (*layer.kernels.values(), *layer.constants) if weight.trainable]


def test_a_translated_texture_gives_the_translation():
    flow = np.mean(solver(100)(pair(channels=4))[0, 0, 8:-8, 8:-8], axis=(0, 1))
    u, v = flow[:4], flow[4:]
    assert u[0] == pytest.approx(0.996, abs=0.003)
    # Short waves are steeper than a central difference sees, so that some textures seem to move a little faster.
    assert (u > 0.99).all() and (u < 1.04).all()
    np.testing.assert_allclose(v, -0.5, rtol=0.03)


def test_flows_come_as_u_of_every_channel_then_v():
    right, down = pair(shift=(0.8, 0.0)), pair(shift=(0.0, 0.6), seed=1)
    flow = solver(100)(np.concatenate([right, down], axis=-1))[0, 0, 8:-8, 8:-8]
    np.testing.assert_allclose(np.mean(flow, axis=(0, 1)), (0.8, 0, 0, 0.6), atol=0.05)


@pytest.mark.parametrize("variant", ["default", "paper", "released_v1"])
def test_transposed_features_have_u_and_v_swapped(variant):
    clip, layer = pair((14, 19), channels=2), solver(5, variant)
    straight, transposed = np.asarray(layer(clip)), np.asarray(layer(clip.swapaxes(2, 3))).swapaxes(2, 3)
    np.testing.assert_allclose(transposed[..., [2, 3, 0, 1]], straight, atol=1e-4)


def test_mirrored_features_have_u_negated():
    # Nearly: the differences of the default variant look to the right and down.
    clip, layer = pair(channels=2), solver(100)
    straight, mirrored = np.asarray(layer(clip)), np.asarray(layer(clip[:, :, :, ::-1]))[:, :, :, ::-1]
    straight, mirrored = (flow[:, :, 8:-8, 8:-8] for flow in (straight, mirrored))
    assert np.abs(mirrored * [-1, -1, 1, 1] - straight).mean() < 0.05
    assert straight[..., :2].mean() == pytest.approx(1, abs=0.05)


@every_variant
def test_pieces_of_a_long_clip_are_the_whole(variant):
    clip = np.concatenate([pair((9, 11), (t, -0.5 * t), channels=3)[:, 1:] for t in range(5)], axis=1)
    clip[:, 3:] *= 0.5  # a fade in one piece must not reach the other
    layer = solver(5, variant, residual=False)
    pieces = np.concatenate([layer(clip[:, :3]), layer(clip[:, 2:])], axis=1)
    np.testing.assert_allclose(pieces, layer(clip), atol=1e-4)


@pytest.mark.parametrize("variant", ["default", "paper"])
def test_flow_equals_the_oracle_with_any_kernels(variant):
    clip = pair((9, 11), channels=2)
    layer = disturbed(solver(4, variant), clip)
    flow = layer(clip)[0, 0]
    sobel_x, sobel_y = np.moveaxis(layer.kernels["image_gradient"].numpy().astype(float), -1, 0)
    taps = layer.kernels["divergence"].numpy().astype(float)
    border = "symmetric" if variant == "default" else "constant"
    fixed = representation_oracle.SOBEL_X

    def flow_gradient(field):
        if variant == "default":
            return oracle.forward_difference(field, (-1, 1), (-1, 1))
        return [representation_oracle.convolved(field, kernel, "constant") for kernel in (fixed, fixed.T)]

    for channel in range(2):
        first, second = clip[0, ..., channel].astype(float)
        # The layer, like every one, correlates: its kernels are those to convolve with, turned round.
        gradient = [representation_oracle.convolved(second, k[::-1, ::-1], border) for k in (sobel_x, sobel_y)]
        u, v = representation_oracle.flow(
            first,
            second,
            gradient,
            lambda px, py: oracle.divergence(px, py, *taps),
            flow_gradient,
            [constant.numpy() for constant in layer.constants],
            4,
        )
        np.testing.assert_allclose(flow[..., channel], u, atol=1e-4)
        np.testing.assert_allclose(flow[..., 2 + channel], v, atol=1e-4)


def test_initial_kernels_are_the_printed_ones():
    for variant, scale in (("default", 1 / 8), ("paper", 1)):
        layer = solver(variant=variant)
        layer.build((1, 2, 8, 8, 1))
        kernels = np.moveaxis(layer.kernels["image_gradient"].numpy()[::-1, ::-1], -1, 0)
        printed = representation_oracle.SOBEL_X
        np.testing.assert_allclose(kernels, [scale * printed, scale * printed.T])
        np.testing.assert_array_equal(layer.kernels["divergence"], [[-1, 1], [-1, 1]])


def test_the_second_released_version_equals_the_oracle_with_any_kernels():
    clip = pair((7, 8), channels=3)
    layer = disturbed(solver(3, "released_v2", residual=False), clip)
    kernels = {name: weight.numpy().astype(float) for name, weight in layer.kernels.items()}
    first, second = np.moveaxis(clip[0].astype(float), -1, 1)
    expected = representation_oracle.flow(
        first,
        second,
        representation_oracle.dense_image_gradient(first, second, kernels["image_gradient"]),
        lambda px, py: representation_oracle.dense_divergence(px, py, kernels["divergence"]),
        lambda field: representation_oracle.dense_flow_gradient(field, kernels["flow_gradient"]),
        [constant.numpy() for constant in layer.constants],
        3,
    )
    np.testing.assert_allclose(np.moveaxis(layer(clip)[0, 0], -1, 0), np.concatenate(expected), atol=1e-3)


def checkerboard(field):
    """How alike diagonal neighbours are, from -1 (opposite) to 1, apart from the mean."""
    field = field - field.mean()
    return np.mean(field[1:, 1:] * field[:-1, :-1]) / field.var()


def test_the_printed_equations_give_an_eighth_of_the_motion_under_a_checkerboard():
    paper, default = (np.asarray(solver(100, name)(pair()))[0, 0, 8:-8, 8:-8, 0] for name in ("paper", "default"))
    assert paper.mean() == pytest.approx(1 / 8, abs=0.01)
    assert paper.std() > 0.4 > 0.1 > default.std()
    assert checkerboard(paper) < -0.4 and checkerboard(default) > 0


@pytest.mark.parametrize(
    ("iterations", "deviation"), [(10, 1.8), (100, 27), pytest.param(400, 112, marks=pytest.mark.slow)]
)
def test_the_printed_equations_explode_where_the_kernels_are_correlated(iterations, deviation):
    # Turning both Sobel pairs round is the same as negating frame gradient and divergence (the dual variable with it).
    layer = solver(iterations, "paper")
    layer.build((1, 2, 64, 64, 1))
    for kernel in layer.kernels.values():
        kernel.assign(-kernel)
    assert np.std(layer(pair())[..., 0]) == pytest.approx(deviation, rel=0.1)


def test_an_example_does_not_depend_on_its_neighbours_in_the_paper_variant():
    clips = np.concatenate([pair((9, 11), channels=3), 100 * pair((9, 11), channels=3, seed=5)])
    layer = RepresentationFlow(2, 5, variant="paper")
    alone = [layer(clips[k : k + 1])[0] for k in (0, 1)]
    np.testing.assert_allclose(layer(clips), alone, atol=1e-5)


@pytest.mark.parametrize("variant", ["default", "paper", "released_v1"])
def test_the_range_of_features_does_not_matter(variant):
    clip = pair((9, 11), channels=3)
    layer = RepresentationFlow(None, 5, variant=variant, output="flow")
    np.testing.assert_allclose(layer(1e-3 * clip - 7e-3), layer(clip), atol=1e-2)


@every_variant
def test_a_clip_without_differences_has_no_flow_and_finite_gradients(variant):
    clip = np.concatenate([np.full((1, 2, 9, 11, 3), 3.5, "float32"), pair((9, 11), channels=3)])
    layer = RepresentationFlow(2, 5, LEARNABLE, variant)
    output = layer(clip)
    assert np.isfinite(output).all()
    if variant in ("default", "paper"):
        np.testing.assert_array_equal(output[0], 0)
    for inputs in (clip, clip[:1]):
        assert all(np.isfinite(gradient).all() for gradient in gradients_of(layer, inputs))


@pytest.mark.parametrize(("variant", "explodes"), [("default", False), ("paper", True)])
def test_flat_regions_with_rounding_noise_do_not_swamp_the_gradient(variant, explodes):
    clip = pair()
    inside = np.abs(gradients_of(solver(10, variant), clip)[0]).max()
    # As the black border of a video after a few layers: nothing but the last digits of float32 differs.
    noise = 1e-5 * np.random.default_rng(0).normal(size=(1, 2, 20, 64, 1))
    clip[:, :, :20] = 100 + noise
    flat = np.abs(gradients_of(solver(10, variant), clip)[0][:, :, 1:18]).max()
    assert (flat > 1000 * inside) == explodes


@pytest.mark.slow
@every_variant
def test_a_hundred_iterations_have_finite_gradients(variant):
    clip = np.random.default_rng(0).normal(size=(2, 2, 8, 9, 4)).astype("float32")
    for gradient in gradients_of(RepresentationFlow(3, 100, LEARNABLE, variant), clip):
        assert np.isfinite(gradient).all() and np.any(gradient)


@every_variant
@pytest.mark.parametrize("name", LEARNABLE)
def test_learn_names_exactly_the_trained_weights(variant, name):
    layer = solver(variant=variant, learn=(name,))
    layer.build((1, 2, 8, 9, 2))
    present = {*layer.kernels, "tau", "lambda", "theta"}
    assert {weight.name for weight in layer.trainable_weights} == WEIGHTS[name] & present


@every_variant
def test_gradients_of_every_learnable_equal_finite_differences(variant):
    clip = pair((6, 7), channels=2) * np.float32([1, 0.03])  # in faint features lambda limits the step everywhere
    layer = disturbed(solver(3, variant, learn=LEARNABLE), clip)
    gradients = gradients_of(layer, clip)[1:]
    for weight, gradient in zip(flow_weights(layer), gradients, strict=True):
        # The gradient's own direction: the largest change, so that float32 resolves it.
        direction, start, losses = np.asarray(gradient / np.linalg.norm(gradient)), weight.numpy(), []
        for sign in (1, -1):
            weight.assign(start + sign * 1e-3 * direction)
            flow = np.asarray(layer(clip), "float64")
            losses.append((flow**2).mean() + flow.mean())
        weight.assign(start)
        assert np.linalg.norm(gradient) == pytest.approx((losses[0] - losses[1]) / 2e-3, rel=0.03), weight.name


@pytest.mark.parametrize("variant", ["paper", "released_v2"])
def test_a_compiled_training_step_gives_the_eager_gradients(variant):
    clip = pair((8, 9), channels=2)
    layer = disturbed(solver(3, variant), clip)
    eager = gradients_of(layer, clip)
    compiled = tf.function(lambda: gradients_of(layer, clip), jit_compile=True)()
    for expected, got in zip(eager, compiled, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())


def test_weights_load_into_a_layer_that_learns_others(tmp_path):
    clip, path = pair((8, 9), channels=3), tmp_path / "flow.weights.h5"
    layers = [RepresentationFlow(2, 3, learn) for learn in (LEARNABLE, ("lambda",))]
    models = [keras.Sequential([keras.Input(clip.shape[1:]), layer]) for layer in layers]
    disturbed(layers[0], clip)
    models[0].save_weights(path)
    models[1].load_weights(path)
    np.testing.assert_allclose(models[1](clip), models[0](clip), atol=1e-6)


@every_variant
def test_a_tensorflow_checkpoint_holds_every_weight(variant, tmp_path):
    def make():
        layer = RepresentationFlow(2, 1, variant=variant)
        layer.build((1, 2, 8, 9, 3))
        return layer

    assert_a_checkpoint_holds_every_weight(make, tmp_path / "checkpoint")


def test_flow_is_float32_under_mixed_precision():
    layer = RepresentationFlow(None, 5, output="flow", normalize=False, dtype="mixed_float16")
    flow = layer(pair((9, 11)))
    assert flow.dtype == "float32" and layer(keras.Input((2, 9, 11, 1))).dtype == "float32"
    np.testing.assert_array_equal(flow, solver(5)(pair((9, 11))))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bottleneck": 0}, "bottleneck=0"),
        ({"iterations": 2.5}, "iterations=2.5"),
        ({"learn": ("sobel", "taus")}, r"learn=\('sobel', 'taus'\)"),
        ({"variant": "papr"}, "Did you mean 'paper'"),
        ({"output": "flows"}, "Did you mean 'flow'"),
        ({"variant": "paper", "mode": "native"}, "mode of variant 'paper' is 'native'"),
        ({"theta": 0}, "theta=0"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        RepresentationFlow(**arguments)


@pytest.mark.parametrize(
    ("shape", "arguments", "message"),
    [
        ((None, 1, 8, 8, 3), {}, "at least 2 frames.* 1, 8, 8, 3"),
        ((None, 8, 8, 3), {}, "8, 8, 3"),
        ((None, 2, 8, 8, None), {}, "known number of channels"),
        ((None, 2, 8, 8, 3), {"residual": True, "filters": 4}, "equal to the 3 channels.*filters=4"),
    ],
)
def test_wrong_clips_are_refused_when_a_model_is_built(shape, arguments, message):
    with pytest.raises(ValueError, match=message):
        RepresentationFlow(**arguments)(keras.Input(batch_shape=shape))


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (5, 1), (2, 2), (2, 5), (5, 2), (3, 3)], ids=str)
@every_variant
def test_small_features_have_a_flow_with_gradients_or_are_refused_in_a_sentence(variant, size):
    clip = pair(size, channels=3)
    layer, least = RepresentationFlow(2, 2, variant=variant), VARIANTS[variant].least_size
    if min(size) < least:
        said = rf"^variant={variant} needs .* {least} x {least} .* {size[0]} x {size[1]}:"
        for given in (clip, keras.Input(clip.shape[1:])):
            with pytest.raises(InputError, match=said):
                layer(given)
        return
    with tf.GradientTape() as tape:
        features = layer(clip)
    assert features.shape == (1, 1, *size, 3) and np.isfinite(features).all()
    assert all(np.isfinite(gradient).all() for gradient in tape.gradient(features, layer.trainable_variables))


def test_only_the_released_variants_have_a_least_size():
    assert {name: variant.least_size for name, variant in VARIANTS.items() if variant.least_size > 1} == {
        "released_v1": 2,
        "released_v2": 3,
    }
