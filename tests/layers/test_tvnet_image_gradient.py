"""TVNet with `learn="image_gradient"`: central differences at first, right when they change, stored and found again."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests import official_oracle, oracle
from tests.textures import moving_clip
from tvnet_keras import TVNet
from tvnet_keras.errors import InputError

CLIP = moving_clip(2, 24, 31, (0.8, -0.5))
LEARN = ("u0", "kernels", "image_gradient")
ALWAYS = {"u0", "kernels", "tau", "lambda", "theta"}


def built(learn=LEARN, size=(2, 2, 5), **arguments):
    """A TVNet whose u0 is fractional, so that no sample of its first warp lies on the kink at a whole pixel."""
    layer = TVNet(*size, learn=learn, **arguments)
    layer.build(CLIP.shape)
    layer.u0.assign(np.random.default_rng(0).normal(0, 0.3, layer.u0.shape))
    return layer


def disturbed(**arguments):
    """`built`, with another image gradient."""
    layer = built(**arguments)
    layer.image_gradient.assign(layer.image_gradient + np.random.default_rng(1).normal(0, 0.1, (2, 2, 3)))
    return layer


def float64(*weights):
    return [keras.ops.convert_to_numpy(weight).astype(float) for weight in weights]


def loss_of(flow):
    return (flow**2).mean() + flow.mean()


def oracle_flow(layer, central, clip=CLIP):
    kernels, u0 = float64(layer.kernels, layer.u0)
    return oracle.tvnet(*np.asarray(clip[0], float) * 255, kernels, u0, central=central)


def gradient_of(layer):
    """The gradient of `loss_of` with respect to the image gradient, and the flow."""
    with tf.GradientTape() as tape:
        flow = layer(CLIP)
        loss = tf.reduce_mean(flow**2) + tf.reduce_mean(flow)
    return tape.gradient(loss, layer.image_gradient.value).numpy(), flow.numpy()[0, 0]


@pytest.mark.parametrize(
    ("variant", "mode", "tolerance"),
    # A native level mixes the central differences of four pixels in an order of its own.
    [
        ("official", "auto", 0),
        ("default", "auto", 2e-5),
        pytest.param("default", "portable", 0, marks=pytest.mark.slow),
        pytest.param("official", "portable", 0, marks=pytest.mark.slow),
    ],
)
def test_untrained_it_gives_the_flow_and_the_gradients_of_the_fixed_one(variant, mode, tolerance):
    found = []
    for learn in (("u0", "kernels"), LEARN):
        layer = built(learn, (1, 1, 3), variant=variant, mode=mode)
        with tf.GradientTape() as tape:
            flow = layer(CLIP)
            loss = tf.reduce_mean(flow**2)
        found.append([flow, *tape.gradient(loss, [layer.u0.value, layer.kernels.value])])
    for fixed, learned in zip(*found, strict=True):
        np.testing.assert_allclose(learned, fixed, rtol=0, atol=tolerance * max(1, np.abs(fixed).max()))


@pytest.mark.parametrize("mode", ["auto", pytest.param("portable", marks=pytest.mark.slow)])
def test_other_kernels_give_the_oracles_flow_and_its_finite_differences(mode):
    layer = disturbed(mode=mode)
    gradient, flow = gradient_of(layer)
    (central,) = float64(layer.image_gradient)
    assert np.abs(flow - oracle_flow(layer, central)).max() < 2e-5
    expected, step = np.empty_like(central), 1e-6
    for place in np.ndindex(*central.shape):
        moved = np.zeros_like(central)
        moved[place] = step
        there, back = (loss_of(oracle_flow(layer, central + sign * moved)) for sign in (1, -1))
        expected[place] = (there - back) / (2 * step)
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=2e-5 * np.abs(expected).max())


def test_other_kernels_of_the_official_variant_equal_the_released_network_in_float64():
    layer = disturbed(size=(2, 1, 3), variant="official")
    gradient, flow = gradient_of(layer)
    kernels, u0, central = map(tf.constant, float64(layer.kernels, layer.u0, layer.image_gradient))
    frames = official_oracle.prepare(CLIP[0] * np.float32(255))
    with tf.GradientTape() as tape:
        tape.watch(central)
        expected = official_oracle.flow(*frames, kernels, u0, central=central)
        loss = tf.reduce_mean(expected**2) + tf.reduce_mean(expected)
    np.testing.assert_allclose(flow, expected, rtol=0, atol=1e-4)
    expected = tape.gradient(loss, central).numpy()
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


def test_only_who_learns_it_has_the_weight():
    assert {weight.name for weight in built(("u0", "kernels")).weights} == ALWAYS
    layer = built(("image_gradient",))
    assert {weight.name for weight in layer.weights} == ALWAYS | {"image_gradient"}
    assert [weight.name for weight in layer.trainable_weights] == ["image_gradient"]
    np.testing.assert_array_equal(layer.image_gradient, np.broadcast_to([-0.5, 0, 0.5], (2, 2, 3)))


def test_training_moves_every_tap_and_lowers_the_loss():
    layer = built(("image_gradient",))
    start = layer.image_gradient.numpy()
    optimizer, losses = keras.optimizers.Adam(0.001), []
    for _ in range(4):
        with tf.GradientTape() as tape:
            losses.append(tf.reduce_mean((layer(CLIP) - (0.8, -0.5)) ** 2))
        optimizer.apply(tape.gradient(losses[-1], [layer.image_gradient.value]), [layer.image_gradient])
    assert losses[-1] < losses[0]
    assert (np.abs(layer.image_gradient.numpy() - start) > 1e-4).all()


@pytest.mark.slow
def test_sizes_known_at_run_time_only_and_small_images_that_skip_scales():
    layer = disturbed(mode="portable")
    function = tf.function(layer, input_signature=[tf.TensorSpec((None, None, None, None, 3))])
    for clip in (CLIP, moving_clip(2, 4, 5)):
        expected = oracle_flow(layer, *float64(layer.image_gradient), clip)
        np.testing.assert_allclose(function(clip)[0, 0], expected, atol=1e-4)


def test_a_second_derivative_is_refused():
    layer = built(size=(1, 1, 2))
    with tf.GradientTape() as outer, tf.GradientTape() as tape:
        gradient = tape.gradient(tf.reduce_sum(layer(CLIP) ** 2), layer.image_gradient.value)
        with pytest.raises(InputError, match="first derivative only"):
            outer.gradient(tf.reduce_sum(gradient**2), layer.image_gradient.value)


def as_model(layer):
    return keras.Sequential([keras.Input(CLIP.shape[1:]), layer])


def test_it_is_stored_by_name_and_loaded_again(tmp_path):
    trained = disturbed()
    as_model(trained).save_weights(tmp_path / "trained.weights.h5")
    again = built(("image_gradient",))
    as_model(again).load_weights(tmp_path / "trained.weights.h5")
    for weight in ("image_gradient", "kernels", "u0"):
        np.testing.assert_array_equal(getattr(again, weight), getattr(trained, weight))
    as_model(trained).save(tmp_path / "trained.keras")
    loaded = keras.saving.load_model(tmp_path / "trained.keras")
    np.testing.assert_array_equal(loaded(CLIP), trained(CLIP))


def test_weights_of_a_fixed_image_gradient_bring_central_differences(tmp_path):
    fixed = built(("u0", "kernels"))
    fixed.kernels.assign(fixed.kernels * 1.1)
    as_model(fixed).save_weights(tmp_path / "fixed.weights.h5")
    for learned in (built(), disturbed()):
        as_model(learned).load_weights(tmp_path / "fixed.weights.h5")
        np.testing.assert_array_equal(learned.kernels, fixed.kernels)
        np.testing.assert_array_equal(learned.image_gradient, np.broadcast_to([-0.5, 0, 0.5], (2, 2, 3)))


def test_a_learned_image_gradient_is_never_dropped_silently(tmp_path):
    as_model(disturbed()).save_weights(tmp_path / "trained.weights.h5")
    with pytest.raises(ValueError, match=r"learned its image gradient; name it in learn.*learn=\('u0',\)"):
        as_model(built(("u0",))).load_weights(tmp_path / "trained.weights.h5")
