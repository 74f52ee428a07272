"""TVNet with a median filter on its flow, and on frames without their structure: options that are off by default."""

import keras
import numpy as np
import pytest

from tests import oracle
from tests.layers import rough_flow
from tests.layers.rough_flow import CLIP, LEARN, check_gradients, flow_and_gradients, loss_of, weights_of
from tests.textures import moving_clip
from tvnet_keras import TVNet
from tvnet_keras.errors import InputError

BOTH = {"median": 5, "texture": 0.8}
CASES = [
    (options, mode)
    for options in ({"median": 3}, {"median": 5}, {"texture": 0.95}, BOTH)
    for mode in ("auto", "portable")
]
QUICK = [({"median": 5}, "auto"), ({"texture": 0.95}, "auto")]


def built(**arguments):
    return rough_flow.built((2, 2, 5), 0, **arguments)


@pytest.mark.parametrize(
    ("options", "mode"),
    [case if case in QUICK else pytest.param(*case, marks=pytest.mark.slow) for case in CASES],
    ids=str,
)
def test_the_flow_is_the_oracles_and_its_gradients_are_finite_differences_of_it(options, mode):
    layer = built(mode=mode, **options)
    start = [weight.numpy().astype(float) for weight in weights_of(layer)]

    def oracle_flow(u0, kernels, lambda_):
        return oracle.tvnet(*np.asarray(CLIP[0], float) * 255, kernels, u0, (0.25, lambda_, 0.3), **options)

    flow, gradients = flow_and_gradients(layer)
    np.testing.assert_allclose(flow, oracle_flow(*start), rtol=0, atol=2e-5)
    assert np.abs(flow - flow_and_gradients(built())[0]).max() > 0.05
    check_gradients(gradients, lambda *moved: loss_of(oracle_flow(*moved)), start)


@pytest.mark.slow
def test_native_and_portable_are_the_same():
    pytest.importorskip("numba", reason="needs numba (requirements-native.txt)")
    (flow, ours), (expected, theirs) = (flow_and_gradients(built(mode=mode, **BOTH)) for mode in ("native", "portable"))
    np.testing.assert_allclose(flow, expected, rtol=0, atol=2e-5)
    for one, other in zip(ours, theirs, strict=True):
        assert np.linalg.norm(one - other) < 1e-4 * np.linalg.norm(other)


def test_with_a_learned_image_gradient_there_is_the_same_filter():
    learned = TVNet(2, 2, 5, learn=(*LEARN, "image_gradient"), **BOTH)
    learned.build(CLIP.shape)
    layer = built(**BOTH)
    learned.u0.assign(layer.u0)
    np.testing.assert_allclose(learned(CLIP), layer(CLIP), rtol=0, atol=2e-5)


def test_what_comes_out_has_been_filtered_after_the_last_warp():
    # u0 is zero, but for one vector that no data term and, without iterations to speak of, no smoothing takes away.
    for median, left in ((0, 0.9), (3, 0.0)):
        layer = TVNet(1, 1, 1, u0_size=(24, 31), median=median)
        layer.build(CLIP.shape)
        layer.u0.assign(np.eye(24 * 31, 2, dtype="float32")[::-1].reshape(24, 31, 2))
        flow = layer(np.full((1, 2, 24, 31, 3), 0.5, "float32")).numpy()
        assert (np.abs(flow).max() > left) if left else (np.abs(flow).max() < 0.1)


def lit(clip, slope=0.0, offset=0.0):
    """The clip, whose second frame has more light by `offset` and, from left to right, by `slope` per pixel."""
    brighter = clip.copy()
    brighter[:, 1] += offset + slope * np.arange(clip.shape[3])[:, None]
    return brighter


@pytest.mark.parametrize("light", [{"offset": 0.1}, {"offset": -0.1, "slope": 0.002}], ids=["constant", "linear"])
def test_other_light_is_seen_as_motion_only_with_the_structure(light):
    clip = 0.2 + 0.6 * moving_clip(2, 48, 64, (0.8, -0.5))
    inside = np.s_[0, 0, 14:-14, 14:-14]
    moved = {}
    for texture in (0.0, 1.0):
        layer = TVNet(1, 2, 10, texture=texture)
        moved[texture] = np.abs(layer(lit(clip, **light)) - layer(clip).numpy())[inside].max()
    assert moved[1.0] < 0.01 < 0.2 < moved[0.0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        *(({"median": value}, f"median must be one of 0, 3, 5. Received: median={value!r}") for value in (1, 4, 7, -3)),
        *(({"median": value}, "median must be one of 0, 3, 5. Received") for value in (True, "3", None, float("nan"))),
        *(({"texture": value}, "texture must be a number from 0 to 1. Received") for value in (-0.1, 95, "1", True)),
        ({"texture": float("nan")}, "texture must be a number from 0 to 1. Received: texture=nan"),
        ({"variant": "official", "median": 3}, 'variant="official" has neither median nor texture.*median=3'),
        ({"variant": "official", "texture": 0.5}, 'variant="official" has neither median nor texture.*texture=0.5'),
    ],
    ids=str,
)
def test_what_there_is_not_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        TVNet(**arguments)


def test_official_without_them_is_no_news():
    with pytest.raises(InputError):
        TVNet(variant="official", median=5)
    assert TVNet(variant="official", median=0, texture=0.0).median == 0


def test_a_saved_model_brings_them_back_and_files_tell_those_that_are_on(tmp_path):
    layer = built(**BOTH)
    model = keras.Sequential([keras.Input(CLIP.shape[1:]), layer])
    model.save(tmp_path / "flow.keras")
    loaded = keras.saving.load_model(tmp_path / "flow.keras")
    assert loaded.layers[0].get_config() == layer.get_config()
    np.testing.assert_array_equal(loaded(CLIP), layer(CLIP))
    stored, plain = {}, {}
    layer.save_own_variables(stored)
    built().save_own_variables(plain)
    assert {name: stored[name] for name in set(stored) - set(plain)} == {"option.median": 5, "option.texture": 0.8}
    # Weights of another network are weights: the options are the layer's own.
    other = built()
    other.load_own_variables(stored)
    assert (other.median, other.texture) == (0, 0.0)
