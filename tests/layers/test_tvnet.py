"""What TVNet's flow means: true translations, symmetries, independence of batch and clip, value ranges, u0."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests import oracle
from tests.examples import LayerExample
from tests.textures import moving_clip
from tvnet_keras import TVNet

EXAMPLE = LayerExample(lambda: TVNet(1, 1, 3), (1, 3, 24, 31, 3))
INSIDE = np.s_[:, :, 12:-12, 12:-12]


def flow_of(layer, clip):
    return keras.ops.convert_to_numpy(layer(clip))


@pytest.fixture(scope="module")
def small():
    """Cheap and with every part in use: two scales, two warps."""
    return TVNet(2, 2, 5)


@pytest.mark.parametrize("velocity", [(0.7, -0.4), (-1.5, 0.75), (0.0, 0.0)])
def test_a_translated_texture_gives_that_translation(velocity):
    flow = flow_of(TVNet(3, 3, 50), moving_clip(2, 56, 64, velocity))
    np.testing.assert_allclose(flow[INSIDE].mean((0, 1, 2, 3)), velocity, atol=0.05)


@pytest.mark.parametrize("variant", ["default", "official"])
def test_the_flow_there_and_the_flow_back_cancel(variant):
    clip = moving_clip(2, 56, 64, (1.3, -0.8))
    layer = TVNet(3, 3, 50, variant=variant)
    there, back = (np.moveaxis(flow_of(layer, frames)[0, 0], -1, 0) for frames in (clip, clip[:, ::-1]))
    left = [one + oracle.warp(other, *there) for one, other in zip(there, back, strict=True)]
    assert np.hypot(*left)[12:-12, 12:-12].mean() < 0.05 < 1.5 < np.hypot(*there)[12:-12, 12:-12].mean()


def test_transposing_the_clip_swaps_u_and_v(small):
    clip = moving_clip(2, 33, 47, (0.8, -0.5))
    transposed = flow_of(small, clip.swapaxes(2, 3)).swapaxes(2, 3)
    np.testing.assert_allclose(transposed[..., ::-1], flow_of(small, clip), atol=1e-4)


def test_a_horizontal_flip_negates_u(small):
    # Not exactly: the two-tap differences of TV-L1 look to the right.
    clip = moving_clip(2, 33, 47, (0.8, -0.5))
    flipped = flow_of(small, clip[:, :, :, ::-1])[:, :, :, ::-1] * [-1, 1]
    np.testing.assert_allclose(flipped.mean((0, 1, 2, 3)), flow_of(small, clip).mean((0, 1, 2, 3)), atol=0.05)


def test_a_batch_of_two_is_two_batches_of_one(small):
    clips = [moving_clip(3, 33, 47, (0.8, -0.5), seed) for seed in range(2)]
    together = flow_of(small, np.concatenate(clips))
    np.testing.assert_allclose(together, np.concatenate([flow_of(small, clip) for clip in clips]), atol=1e-5)


def test_pieces_of_a_long_clip_are_the_whole(small):
    clip = moving_clip(5, 33, 47, (0.8, -0.5))
    clip[:, 3:] *= 0.5  # a fade in one piece must not reach the other
    pieces = [flow_of(small, clip[:, :3]), flow_of(small, clip[:, 2:])]
    np.testing.assert_allclose(np.concatenate(pieces, axis=1), flow_of(small, clip), atol=1e-5)


@pytest.mark.parametrize("value_range", [(0, 1), (0, 255), (-1, 1)])
def test_integers_equal_floats_of_any_value_range(value_range):
    frames = np.round(moving_clip(2, 33, 47, (0.8, -0.5)) * 255).astype("uint8")
    low, high = value_range
    layer = TVNet(1, 1, 10, value_range=value_range)
    floats = (low + frames.astype("float32") * ((high - low) / 255)).astype("float32")
    np.testing.assert_allclose(flow_of(layer, floats), flow_of(layer, frames), atol=1e-4)


def test_grey_clips_equal_their_three_channel_copies(small):
    grey = moving_clip(2, 33, 47, (0.8, -0.5))[..., :1]
    np.testing.assert_allclose(flow_of(small, grey), flow_of(small, np.repeat(grey, 3, axis=-1)), atol=1e-4)


def test_a_trained_u0_moves_with_the_size_of_the_input():
    # A constant clip has no data term and a constant flow no variation: u0 comes out as it went in.
    layer = TVNet(1, 1, 10, u0_size=(8, 12))
    layer.build((None, 2, 8, 12, 3))
    layer.u0.assign(np.broadcast_to([1.0, -2.0], (8, 12, 2)))
    same = flow_of(layer, np.full((1, 2, 8, 12, 3), 0.5, "float32"))
    larger = flow_of(layer, np.full((1, 2, 24, 24, 3), 0.5, "float32"))
    np.testing.assert_allclose(same, np.broadcast_to([1, -2], (1, 1, 8, 12, 2)), atol=1e-5)
    np.testing.assert_allclose(larger, np.broadcast_to([2, -6], (1, 1, 24, 24, 2)), atol=1e-5)


def test_u0_lies_on_the_coarsest_level_of_the_build_size():
    layer = TVNet(3, 1, 1)
    layer.build((None, 2, 48, 66, 3))
    assert layer.u0.shape == (12, 17, 2)
    assert layer.get_config()["u0_size"] == (12, 17)


def test_small_images_skip_scales():
    # A 4 x 5 image bears one level only, so five scales are one.
    clip = moving_clip(2, 4, 5, (0.1, 0.1))
    five, one = TVNet(5, 1, 5), TVNet(1, 1, 5)
    np.testing.assert_array_equal(flow_of(five, clip), flow_of(one, clip))
    assert five.kernels.shape[0] == 5


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (2, 1), (2, 2), (3, 3)], ids=str)
@pytest.mark.parametrize("variant", ["default", "official"])
@pytest.mark.parametrize("mode", ["auto", pytest.param("portable", marks=pytest.mark.slow)])
def test_images_of_a_few_pixels_have_a_flow(variant, mode, size):
    layer = TVNet(2, 2, 2, variant=variant, mode=mode)
    clip = np.random.default_rng(0).random((1, 2, *size, 3), "float32")
    with tf.GradientTape() as tape:
        flow = layer(clip)
    assert flow.shape == (1, 1, *size, 2) and np.isfinite(flow).all()
    for gradient in tape.gradient(flow, layer.trainable_variables):
        assert np.isfinite(gradient).all()


def test_weights_load_at_another_input_size(tmp_path):
    layer = TVNet(1, 1, 5)
    small, large = (keras.Input((2, *size, 3)) for size in ((32, 32), (40, 56)))
    trained = keras.Model(small, layer(small))
    layer.u0.assign(np.random.default_rng(0).normal(size=layer.u0.shape))
    trained.save_weights(tmp_path / "trained.weights.h5")
    other = keras.Model(large, TVNet.from_config(layer.get_config())(large))
    other.load_weights(tmp_path / "trained.weights.h5")
    clip = moving_clip(2, 32, 32, (0.5, 0.5))
    np.testing.assert_allclose(flow_of(other.layers[-1], clip), flow_of(layer, clip), atol=1e-6)
    assert flow_of(other, moving_clip(2, 40, 56)).shape == (1, 1, 40, 56, 2)
