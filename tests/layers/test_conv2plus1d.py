import keras
import numpy as np
import pytest

from tests.examples import LayerExample
from tvnet_keras.layers.conv2plus1d import Conv2Plus1D, middle_planes

EXAMPLE = LayerExample(lambda: Conv2Plus1D(4, strides=(1, 2)), (2, 3, 6, 7, 2))


def test_the_planes_between_keep_the_weights_of_the_3d_convolution():
    for channels, filters in ((64, 64), (64, 128), (3, 64), (7, 5)):
        layer = Conv2Plus1D(filters)
        layer.build((None, None, 8, 8, channels))
        kernels = layer.spatial.count_params() + layer.temporal.count_params()
        planes = middle_planes(channels, filters)
        one_more = (9 * channels + 3 * filters) * (planes + 1)
        assert kernels <= 27 * channels * filters < one_more
    assert middle_planes(64, 64) == 144  # of the paper's first stage


@pytest.mark.parametrize("strides", [(1, 1), (2, 2), (1, 2)])
def test_one_positive_plane_is_a_separable_3d_convolution(strides):
    random = np.random.default_rng(0)
    clip = random.random((1, 5, 6, 7, 2), dtype="float32")
    layer = Conv2Plus1D(3, strides=strides, middle=1)
    layer.build(clip.shape)
    spatial, temporal = (
        random.random(kernel.shape, dtype="float32") for kernel in (layer.spatial.kernel, layer.temporal.kernel)
    )
    layer.spatial.kernel.assign(spatial)
    layer.temporal.kernel.assign(temporal)
    # Nothing is negative, so the ReLU between does nothing, and the fresh normalisation divides by a constant.
    separable = np.einsum("hwio,tof->thwif", spatial[0], temporal[:, 0, 0]) * np.float32((1 + 1e-5) ** -0.5)
    padded = np.pad(clip, ((0, 0), (1, 1), (1, 1), (1, 1), (0, 0)))
    expected = keras.ops.conv(padded, separable, (strides[0], strides[1], strides[1]))
    np.testing.assert_allclose(layer(clip), expected, rtol=1e-4)


def test_even_kernels_are_refused():
    with pytest.raises(ValueError, match="kernel_size must be odd"):
        Conv2Plus1D(4, (3, 4))
