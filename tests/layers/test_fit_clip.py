"""Clips come out at the classifier's size: whole frames or the centre of the resized one, in the input's type."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.textures import moving_clip
from tvnet_keras.layers.fit_clip import FitClip

CLIP = np.round(moving_clip(2, 21, 30) * 255).astype("uint8")


def test_a_clip_of_the_right_size_passes_untouched():
    for layer in (FitClip(21, 30), FitClip(21, 21, resize_short=21)):
        result = keras.ops.convert_to_numpy(layer(CLIP))
        assert result.dtype == "uint8"
        left = (30 - layer.width) // 2
        np.testing.assert_array_equal(result, CLIP[:, :, :, left : left + layer.width])


def test_the_whole_frame_is_resized_without_aliasing_and_rounded():
    expected = tf.image.resize(CLIP[0], (10, 12), antialias=True)
    np.testing.assert_allclose(FitClip(10, 12)(CLIP)[0], expected, atol=0.51)


@pytest.mark.parametrize("upright", [False, True])
def test_the_short_side_is_resized_and_the_centre_cut_out(upright):
    clip = CLIP.swapaxes(2, 3) if upright else CLIP
    size = (20, 14) if upright else (14, 20)
    frames = tf.image.resize(clip[0], size, antialias=True)
    expected = frames[:, (size[0] - 12) // 2 :, (size[1] - 12) // 2 :][:, :12, :12]
    np.testing.assert_allclose(FitClip(12, 12, resize_short=14)(clip)[0], expected, atol=0.51)


@pytest.mark.parametrize("resize_short", [0, 14])
@pytest.mark.parametrize("size", [(21, 30), (12, 12), (7, 40)])
def test_bytes_of_unknown_size_equal_those_of_a_known_one(resize_short, size):
    layer, clip = FitClip(12, 12, resize_short), CLIP[:, :, : size[0], : size[1]]
    function = tf.function(layer, input_signature=[tf.TensorSpec((None, None, None, None, 3), "uint8")])
    np.testing.assert_array_equal(function(clip), layer(clip))


def test_a_crop_larger_than_the_resized_frame_is_refused():
    with pytest.raises(ValueError, match="height=64, width=48, resize_short=50"):
        FitClip(64, 48, resize_short=50)
