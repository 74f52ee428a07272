"""A model in a graph is shown what the test pipeline shows, bit by bit, for frames and windows of every size."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.examples import LayerExample
from tests.textures import moving_clip
from tvnet_keras.errors import InputError
from tvnet_keras.layers.fit_clip import FitClip
from tvnet_keras.video import ViewRecipe, augment
from tvnet_keras.video.read import read_frames

EXAMPLE = LayerExample(lambda: FitClip(5, 6, resize_short=8, crop="center"), (2, 3, 9, 11, 3))
CLIP = np.round(moving_clip(2, 21, 30) * 255).astype("uint8")
NOISE = np.random.default_rng(0).integers(0, 256, (2, 80, 80, 3), "uint8")

WINDOWS = [(16, 16), (14, 20), (20, 14)]
SHORT_SIDES = [0, 9, 16, 20, 27]
"""None, smaller than the windows, equal to a side of one, larger."""

FRAMES = {
    "landscape": (24, 32),
    "portrait": (32, 24),
    "smaller than the window": (9, 11),
    "as large as a window": (14, 20),
    "one side equal": (16, 33),
    "odd": (37, 53),
    "halves that are rounded down": (32, 33),
    "halves that are rounded up": (32, 35),
    "whole multiples": (48, 80),
    "two pixels of each side": (28, 40),
    "wide": (3, 80),
    "tall": (80, 5),
    "one pixel": (1, 1),
}


@functools.cache
def in_graph(*arguments, **options):
    """FitClip in a graph that knows the sizes of the frames at run time only."""
    return tf.function(
        FitClip(*arguments, **options), input_signature=[tf.TensorSpec((None, None, None, None, 3), "uint8")]
    )


def shown(frames, height, width, resize_short, crop):
    """What the pipeline shows of frames `[T, H, W, 3]`."""
    return augment.test_views(frames, ViewRecipe((height, width), crop, resize_short or None))[0]


@pytest.mark.parametrize("size", FRAMES.values(), ids=FRAMES)
@pytest.mark.parametrize("resize_short", SHORT_SIDES)
@pytest.mark.parametrize("window", WINDOWS, ids="{0[0]}x{0[1]}".format)
def test_the_centre_is_shown_as_the_pipeline_shows_it(window, resize_short, size):
    frames = NOISE[:, : size[0], : size[1]]
    expected = shown(frames, *window, resize_short, "center")
    np.testing.assert_array_equal(in_graph(*window, resize_short)(frames[None]), expected)
    np.testing.assert_array_equal(FitClip(*window, resize_short)(frames[None]), expected)


@pytest.mark.parametrize("size", FRAMES.values(), ids=FRAMES)
@pytest.mark.parametrize("sides", [(20, 27), (48, 48)])
@pytest.mark.parametrize("window", WINDOWS, ids="{0[0]}x{0[1]}".format)
def test_the_centre_of_a_frame_of_both_sides_is_shown_as_the_pipeline_shows_it(window, sides, size):
    frames = NOISE[:, : size[0], : size[1]]
    recipe = ViewRecipe(window, "center", sides[0], resize_long=sides[1])
    layer = FitClip(*window, sides[0], resize_long=sides[1])
    expected = augment.test_views(frames, recipe)[0]
    np.testing.assert_array_equal(in_graph(*window, sides[0], resize_long=sides[1])(frames[None]), expected)
    np.testing.assert_array_equal(layer(frames[None]), expected)
    assert FitClip.from_config(layer.get_config()).resize_long == sides[1]


def test_a_long_side_goes_with_a_short_one():
    for sides in ({"resize_long": 30}, {"resize_short": 30, "resize_long": 20}):
        with pytest.raises(InputError, match="resize_long goes with a resize_short that is no longer. Received: .*"):
            FitClip(8, 8, **sides)


@pytest.mark.parametrize("size", FRAMES.values(), ids=FRAMES)
@pytest.mark.parametrize("window", WINDOWS, ids="{0[0]}x{0[1]}".format)
def test_the_whole_frame_is_shown_as_the_pipeline_shows_it(window, size):
    frames = NOISE[:, : size[0], : size[1]]
    for resize_short in (0, 27):
        expected = shown(frames, *window, resize_short, "none")
        np.testing.assert_array_equal(in_graph(*window, resize_short, "none")(frames[None]), expected)
        np.testing.assert_array_equal(FitClip(*window, resize_short, "none")(frames[None]), expected)


@pytest.mark.parametrize("upright", [False, True])
@pytest.mark.parametrize("crop", ["center", "none"])
@pytest.mark.parametrize("resize_short", [0, 100, 128])
@pytest.mark.parametrize(
    "window",
    [pytest.param((112, 112), marks=pytest.mark.slow), (112, 160), pytest.param((160, 112), marks=pytest.mark.slow)],
    ids="{0[0]}x{0[1]}".format,
)
def test_real_frames_are_shown_as_the_pipeline_shows_them(shared_data, window, resize_short, crop, upright):
    frames = real_frames(shared_data)
    frames = frames.swapaxes(1, 2) if upright else frames
    found = in_graph(*window, resize_short, crop)(frames[None])
    np.testing.assert_array_equal(found[0], shown(frames, *window, resize_short, crop)[0])


@functools.cache
def real_frames(shared_data):
    """Three frames of UCF101, 240 x 320."""
    frames = read_frames(sorted((shared_data / "ucf101/videos").rglob("*.avi"))[0])[::20][:3]
    assert frames.shape == (3, 240, 320, 3)
    return frames


@pytest.mark.parametrize("resize_short", [0, 100, 171])
def test_the_resized_frame_has_the_pipelines_size_for_every_frame(resize_short):
    layer = FitClip(112, 160, resize_short)
    in_a_graph = tf.function(layer._covering, input_signature=[tf.TensorSpec((), tf.int32)] * 2)
    for height, width in np.random.default_rng(1).integers(1, 700, (120, 2)).tolist():
        recipe = ViewRecipe((112, 160), "center", resize_short or None)
        expected = augment.central_window((height, width), recipe).resized
        assert layer._covering(height, width) == expected
        assert tuple(int(side) for side in in_a_graph(height, width)) == expected


def test_a_clip_of_the_right_size_passes_untouched():
    for layer in (FitClip(21, 30), FitClip(21, 21, resize_short=21), FitClip(21, 30, 64, "none")):
        result = keras.ops.convert_to_numpy(layer(CLIP))
        assert result.dtype == "uint8"
        left = (30 - layer.width) // 2
        np.testing.assert_array_equal(result, CLIP[:, :, :, left : left + layer.width])


@pytest.mark.parametrize("arguments", [(12, 16), (12, 12, 14), (40, 50), (10, 50, 0, "none")])
def test_floats_are_shown_without_the_rounding(arguments):
    found = FitClip(*arguments)(CLIP.astype("float32"))
    assert found.dtype == "float32"
    # Half a grey level, twice where one side shrinks and the other grows.
    np.testing.assert_allclose(found, FitClip(*arguments)(CLIP).numpy().astype("float32"), atol=1.1)
    np.testing.assert_allclose(FitClip(*arguments)(CLIP / np.float32(255)) * 255, found, atol=1e-3)


def test_the_map_of_floats_is_linear_and_its_gradient_is_the_adjoint():
    layer, random = FitClip(7, 16, 9), np.random.default_rng(0)
    clip, upstream = random.normal(size=(1, 2, 21, 13, 3)), random.normal(size=(1, 2, 7, 16, 3))
    clip, upstream = tf.constant(clip, "float32"), tf.constant(upstream, "float32")
    with tf.GradientTape() as tape:
        tape.watch(clip)
        view = layer(clip)
    gradient = tape.gradient(view, clip, upstream)
    np.testing.assert_allclose(tf.reduce_sum(view * upstream), tf.reduce_sum(clip * gradient), rtol=1e-4)
    np.testing.assert_allclose(layer(3 * clip), 3 * view, atol=1e-5)


def test_a_larger_short_side_enlarges_a_clip_of_the_right_size_too():
    result = FitClip(21, 30, resize_short=42)(CLIP).numpy()
    np.testing.assert_array_equal(result, shown(CLIP[0], 21, 30, 42, "center"))
    assert np.abs(result.astype(int) - CLIP).max() > 10


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_floats_of_every_type_become_float32(dtype):
    assert FitClip(12, 12)(CLIP.astype(dtype)).dtype == "float32"


def test_integers_of_every_type_are_bytes():
    for dtype in ("int32", "int64"):
        found = FitClip(12, 12, 14)(CLIP.astype(dtype))
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, FitClip(12, 12, 14)(CLIP))


@pytest.mark.parametrize(("resize_short", "crop"), [(0, "none"), (14, "center")])
def test_a_configuration_from_before_the_crop_means_what_it_meant(resize_short, crop):
    old = {"name": "fit_clip", "dtype": "float32", "height": 12, "width": 12, "resize_short": resize_short}
    layer = FitClip.from_config(old)
    assert (layer.resize_short, layer.crop) == (resize_short, crop)
    assert FitClip.from_config(layer.get_config()).get_config() == layer.get_config()


def test_no_short_side_is_none():
    frames = NOISE[:, :30, :50]
    np.testing.assert_array_equal(FitClip(16, 20, None)(frames[None]), shown(frames, 16, 20, None, "center"))
    assert FitClip(16, 20, None).get_config()["resize_short"] == 0


def test_an_unknown_crop_is_refused():
    with pytest.raises(InputError, match="crop is 'centre'.*Did you mean 'center'"):
        FitClip(64, 48, crop="centre")
