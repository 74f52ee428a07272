"""TVNet equals the float64 oracle, and comes close to the official code's stored outputs."""

import keras
import numpy as np
import pytest

from tests import oracle
from tests.textures import moving_clip
from tvnet_keras import TVNet

TOLERANCE = 1e-4


def expected(clip, layer):
    kernels, u0 = (keras.ops.convert_to_numpy(weight).astype(float) for weight in (layer.kernels, layer.u0))
    frames = np.asarray(clip[0], float) * 255
    constants = tuple(float(scalar) for scalar in layer.scalars)
    pairs = zip(frames[:-1], frames[1:], strict=True)
    return np.stack([oracle.tvnet(first, second, kernels, u0, constants) for first, second in pairs])[None]


@pytest.mark.parametrize("config", [(1, 1, 10), (1, 1, 50), (3, 1, 10), (1, 3, 10), (2, 2, 5)])
@pytest.mark.parametrize("size", [(32, 32), (33, 47)])
def test_untrained_equals_the_oracle(config, size):
    clip = moving_clip(2, *size, velocity=(0.9, -0.6))
    layer = TVNet(*config)
    assert np.abs(layer(clip) - expected(clip, layer)).max() < TOLERANCE


@pytest.mark.parametrize("config", [(1, 2, 10), (3, 1, 10), (2, 2, 5)])
def test_random_weights_equal_the_oracle(config):
    clip = moving_clip(2, 33, 47, velocity=(-0.7, 0.5), seed=1)
    layer = TVNet(*config, tau=0.2, lambda_=0.1, theta=0.4)
    layer.build(clip.shape)
    random = np.random.default_rng(3)
    layer.u0.assign(random.normal(0, 0.5, layer.u0.shape))
    layer.kernels.assign(layer.kernels + random.normal(0, 0.1, layer.kernels.shape))
    assert np.abs(layer(clip) - expected(clip, layer)).max() < TOLERANCE


def test_u0_from_another_grid_equals_the_oracle():
    clip = moving_clip(2, 33, 47, velocity=(0.4, 0.8), seed=2)
    layer = TVNet(1, 2, 10, u0_size=(7, 12))
    layer.build(clip.shape)
    layer.u0.assign(np.random.default_rng(4).normal(0, 0.3, (7, 12, 2)))
    assert np.abs(layer(clip) - expected(clip, layer)).max() < TOLERANCE


def test_colours_weigh_as_in_the_oracle():
    clip = np.random.default_rng(5).uniform(0, 1, (1, 2, 33, 47, 3)).astype("float32")
    clip[..., 2] *= 0.1
    layer = TVNet(1, 1, 10)
    assert np.abs(layer(clip) - expected(clip, layer)).max() < TOLERANCE


@pytest.mark.parametrize("config", ["1-1-10", "1-1-50", "3-1-10"])
def test_inside_the_image_like_the_official_code(goldens, config):
    # The default differs from the released code at the borders (warp, smoothing) and in grey (no floor).
    golden = np.load(goldens / f"tvnet_smooth64x80_{config}.npz")
    clip = np.stack([golden["x1"], golden["x2"]], axis=1)
    flow = np.array(TVNet(*map(int, config.split("-")), value_range=(0, 255))(clip))[0, 0]
    official = np.concatenate([golden["u1"], golden["u2"]], axis=-1)[0]
    inside = np.s_[16:-16, 16:-16]
    assert np.abs(flow - official)[inside].mean() < 0.03
