"""TVNet whose kernels are one weight over scales, warps or iterations, and whose constants are each scale's own."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests import oracle
from tests.textures import moving_clip
from tvnet_keras import TVNet
from tvnet_keras.errors import InputError
from tvnet_keras.layers.shared_kernels import AXES
from tvnet_keras.layers.tvnet import LEARNABLE

CLIP = moving_clip(2, 24, 31, (0.8, -0.5))
SIZE = (2, 3, 4)
CONSTANTS = ("tau", "lambda", "theta")
LEARN = ("u0", "kernels", *CONSTANTS)
SHARES = [axes for count in (1, 2, 3) for axes in itertools.combinations(AXES, count)]


def built(size=SIZE, **arguments):
    layer = TVNet(*size, **{"learn": LEARN, **arguments})
    layer.build(CLIP.shape)
    return layer


def named(layer):
    return {weight.name: weight for weight in layer.weights}


def disturbed(layer, seed=0):
    """The layer with other weights; its u0 is fractional, so that no sample lies on the kink at a whole pixel."""
    random = np.random.default_rng(seed)
    for name, weight in named(layer).items():
        noise = random.normal(0, 0.3, weight.shape) if name == "u0" else random.uniform(0, 0.05, weight.shape)
        weight.assign(weight + noise)
    return layer


def flow_and_gradients(layer):
    with tf.GradientTape() as tape:
        flow = layer(CLIP)
        loss = tf.reduce_mean(flow**2) + tf.reduce_mean(flow)
    weights = named(layer)
    gradients = tape.gradient(loss, [weight.value for weight in weights.values()])
    return flow.numpy(), {name: np.asarray(bar) for name, bar in zip(weights, gradients, strict=True)}


def unshared(layer, **arguments):
    """The unshared layer with the same numbers."""
    other = built(**arguments)
    for name, weight in named(other).items():
        weight.assign(np.broadcast_to(named(layer)[name], weight.shape))
    return other


def as_model(layer):
    return keras.Sequential([keras.Input(CLIP.shape[1:]), layer])


def stored(layer, folder):
    path = folder / "trained.weights.h5"
    as_model(layer).save_weights(path)
    return path


def loaded(layer, path):
    as_model(layer).load_weights(path)
    return layer


@pytest.mark.parametrize("share", SHARES, ids="+".join)
def test_shared_kernels_are_equal_kernels_and_their_gradient_is_the_sum(share):
    layer = disturbed(built(share=share))
    axes = tuple(AXES.index(axis) for axis in share)
    assert layer.kernels.shape == tuple(1 if k in axes else n for k, n in enumerate((*SIZE, 8, 2)))
    flow, gradients = flow_and_gradients(layer)
    expected, summands = flow_and_gradients(unshared(layer))
    np.testing.assert_array_equal(flow, expected)
    summands["kernels"] = summands["kernels"].sum(axes, keepdims=True, dtype=float)
    for name, bar in gradients.items():
        np.testing.assert_allclose(bar, summands[name], rtol=0, atol=1e-6 * np.abs(summands[name]).max(), err_msg=name)


@pytest.mark.parametrize(
    ("variant", "mode"),
    [("official", "auto"), *(pytest.param(v, "portable", marks=pytest.mark.slow) for v in ("default", "official"))],
)
def test_all_together_works_in_the_official_variant_and_in_backend_operations(variant, mode):
    layer = disturbed(built(share=AXES, constants_per="scale", variant=variant, mode=mode))
    other = unshared(layer, constants_per="scale", variant=variant, mode=mode)
    np.testing.assert_array_equal(layer(CLIP), other(CLIP))


def test_one_word_is_a_tuple_of_one_and_the_order_of_words_says_nothing():
    assert TVNet(share="warps").share == ("warps",)
    assert TVNet(share=["iterations", "scales", "scales"]).get_config()["share"] == ("scales", "iterations")
    with pytest.raises(InputError, match="share is 'iteration', which is not one of .* Did you mean 'iterations'"):
        TVNet(share="iteration")
    with pytest.raises(InputError, match="constants_per is 'scales'.* Did you mean 'scale'"):
        TVNet(constants_per="scales")


def test_equal_constants_of_every_scale_are_those_of_the_network():
    layer = disturbed(built())
    other = unshared(layer, constants_per="scale")
    assert all(constant.shape == (2,) for constant in other.scalars)
    (flow, expected), (found, gradients) = flow_and_gradients(layer), flow_and_gradients(other)
    np.testing.assert_array_equal(found, flow)
    for name in CONSTANTS:
        assert gradients[name].sum() == pytest.approx(expected[name], rel=1e-5) and gradients[name].all()


def test_every_scale_has_its_own_constants_like_the_oracle():
    layer = disturbed(built(constants_per="scale"))
    constants = np.array([[0.2, 0.3], [0.3, 0.05], [0.4, 0.2]])
    for weight, values in zip(layer.scalars, constants, strict=True):
        weight.assign(values)
    kernels, u0 = (weight.numpy().astype(float) for weight in (layer.kernels, layer.u0))
    expected = oracle.tvnet(*np.asarray(CLIP[0], float) * 255, kernels, u0, constants)
    np.testing.assert_allclose(layer(CLIP)[0, 0], expected, rtol=0, atol=2e-5)


def test_constants_of_every_scale_are_learned_where_named_and_stay_positive():
    layer = built(learn=("lambda",), constants_per="scale")
    assert [weight.name for weight in layer.trainable_weights] == ["lambda"]
    optimizer = keras.optimizers.SGD(1e6)
    optimizer.apply([np.float32([1, -1])], layer.trainable_weights)
    low, high = layer.trainable_weights[0].numpy()
    assert 0 < low < 0.01 and high > 1


@pytest.mark.parametrize("share", [("scales",), AXES], ids="+".join)
def test_shared_weights_load_into_layers_that_share_less_or_otherwise(share, tmp_path):
    trained = disturbed(built(share=share))
    path = stored(trained, tmp_path)
    for other in ((), share, AXES):
        if set(other) - set(share):
            continue
        again = loaded(disturbed(built(share=other), seed=1), path)
        np.testing.assert_array_equal(again.kernels, np.broadcast_to(trained.kernels, again.kernels.shape))
        np.testing.assert_array_equal(again(CLIP), trained(CLIP))


def test_weights_of_every_iteration_are_shared_only_where_they_are_equal(tmp_path):
    equal = unshared(disturbed(built(share=("warps", "iterations"))))
    shared = loaded(built(share=("warps", "iterations")), stored(equal, tmp_path))
    np.testing.assert_array_equal(shared.kernels, equal.kernels.numpy()[:, :1, :1])
    path, before = stored(disturbed(built()), tmp_path), [weight.numpy() for weight in shared.weights]
    with pytest.raises(
        ValueError, match=r"kernels differ from one of the warps to the next.* leave warps out of share"
    ):
        loaded(shared, path)
    for weight, old in zip(shared.weights, before, strict=True):
        np.testing.assert_array_equal(weight, old)


def test_kernels_of_other_numbers_are_never_repeated(tmp_path):
    path = stored(built((1, 1, 4)), tmp_path)
    for share in ((), AXES):
        with pytest.raises(ValueError, match="must match"):
            loaded(built((2, 1, 4), share=share), path)


def test_constants_of_the_network_become_those_of_every_scale(tmp_path):
    path = stored(disturbed(built()), tmp_path)
    again = loaded(built(constants_per="scale"), path)
    one = loaded(built(), path)
    for constant, scalar in zip(again.scalars, one.scalars, strict=True):
        np.testing.assert_array_equal(constant, [scalar, scalar])
    back = loaded(built(), stored(again, tmp_path))
    assert [float(scalar) for scalar in back.scalars] == [float(scalar) for scalar in one.scalars]
    with pytest.raises(ValueError, match='every scale has its own tau.*give it constants_per="scale"'):
        loaded(back, stored(disturbed(again), tmp_path))


def test_a_config_and_a_saved_model_bring_everything_back(tmp_path):
    layer = disturbed(built(share=("iterations",), constants_per="scale"))
    again = TVNet.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    as_model(layer).save(tmp_path / "flow.keras")
    np.testing.assert_array_equal(keras.saving.load_model(tmp_path / "flow.keras")(CLIP), layer(CLIP))


def test_the_default_shares_nothing():
    layer = TVNet(*SIZE, learn=LEARNABLE)
    layer.build(CLIP.shape)
    assert (layer.share, layer.constants_per, layer.kernels.shape) == ((), "network", (*SIZE, 8, 2))
