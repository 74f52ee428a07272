"""A model of stored flow in a graph is shown the flow that the test pipeline shows, for frames of every size."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from tests.examples import LayerExample
from tests.layers.test_fit_clip import FRAMES, SHORT_SIDES, WINDOWS
from tvnet_keras.layers.fit_clip import FitClip
from tvnet_keras.layers.fit_flow import FitFlow
from tvnet_keras.video import ViewRecipe, augment

EXAMPLE = LayerExample(lambda: FitFlow(5, 6, resize_short=8, crop="center"), (2, 3, 9, 11, 2))
NOISE = np.random.default_rng(0).uniform(-20, 20, (2, 80, 80, 2)).astype("float32")


@functools.cache
def in_graph(*arguments):
    """FitFlow in a graph that knows the sizes of the flow at run time only."""
    return tf.function(FitFlow(*arguments), input_signature=[tf.TensorSpec((None, None, None, None, 2), "float32")])


def shown(flow, height, width, resize_short, crop):
    """What the pipeline shows of flow `[T, H, W, 2]`."""
    return augment.test_flow_views(flow, ViewRecipe((height, width), crop, resize_short or None))


@pytest.mark.parametrize("size", FRAMES.values(), ids=FRAMES)
@pytest.mark.parametrize("crop", ["center", "none"])
@pytest.mark.parametrize("window", WINDOWS[:2], ids="{0[0]}x{0[1]}".format)
def test_flow_is_shown_as_the_pipeline_shows_it(window, crop, size):
    flow = NOISE[:, : size[0], : size[1]]
    for resize_short in SHORT_SIDES[::2]:
        expected = shown(flow, *window, resize_short, crop)
        found = in_graph(*window, resize_short, crop)(flow[None])
        np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())
    np.testing.assert_allclose(FitFlow(*window, resize_short, crop)(flow[None]), found, atol=1e-5 * np.abs(found).max())


def test_flow_of_the_right_size_passes_untouched():
    flow = NOISE[:, :21, :30]
    for layer in (FitFlow(21, 30), FitFlow(21, 21, resize_short=21), FitFlow(21, 30, 64, "none")):
        left = (30 - layer.width) // 2
        np.testing.assert_array_equal(layer(flow[None])[0], flow[:, :, left : left + layer.width])


def test_vectors_are_scaled_by_their_own_axis():
    flow = np.broadcast_to(np.float32([3, -4]), (1, 2, 20, 30, 2))
    np.testing.assert_allclose(FitFlow(10, 60, crop="none")(flow), np.broadcast_to([6, -2], (1, 2, 10, 60, 2)))


@pytest.mark.parametrize("crop", ["center", "none"])
@pytest.mark.parametrize(("size", "resize_short"), [((16, 16), 0), ((16, 24), 20), ((60, 70), 0)])
def test_the_window_is_the_one_of_the_frames(size, resize_short, crop):
    # Frames and flow that say their own place in the frame: the view of both must say the same place.
    y, x = np.mgrid[:37, :53].astype("float32")
    frames, flow = np.stack([x, y, 0 * x], -1)[None, None], np.stack([x, y], -1)[None, None]
    place = FitClip(*size, resize_short, crop)(frames)[0, 0, 3:-3, 3:-3, :2]
    seen = FitFlow(*size, resize_short, crop)(flow)[0, 0, 3:-3, 3:-3]
    scale = np.median(seen / place, axis=(0, 1))
    # An area's mean is not its middle's value where pixels are cut by its border: a tenth of a pixel.
    np.testing.assert_allclose(seen / scale, place, atol=0.1)


def test_the_configuration_makes_the_same_layer():
    layer = FitFlow(12, 16, 20, "none")
    again = FitFlow.from_config(layer.get_config())
    assert type(again) is FitFlow and again.get_config() == layer.get_config()
