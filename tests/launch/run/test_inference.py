"""A graph is traced once for as long as its model lives, and lives no longer."""

import gc
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf

import models
from launch.run import data
from launch.run.inference import as_graph, score_videos
from launch.run.model import build_model
from tvnet_keras import TVNet
from tvnet_keras.choices import load_module, module_names

CLIP = np.random.default_rng(0).integers(0, 256, (1, 3, 32, 32, 3)).astype("uint8")


class Counting(keras.layers.Layer):
    """Counts how often it is run in Python, which is how often it is traced."""

    traces = 0

    def call(self, clip):
        self.traces += 1
        return 2 * clip


def model_of(layer):
    clip = keras.Input((None, None, None, 3))
    values = keras.layers.Dense(12)(keras.layers.GlobalAveragePooling3D()(layer(clip)))
    return keras.Model(clip, {"logits": values})


@pytest.fixture
def views(tiny):
    return views_for(tiny("rgb"))


def views_for(config):
    """The test videos, and a function that makes the pipeline of their views anew."""
    source = data.open_source(config, "test")
    return source.videos, source.views


def test_three_validations_trace_once(views):
    videos, batches = views
    layer = Counting()
    model = model_of(layer)
    layer.traces = 0
    first, _ = score_videos(model, batches(), videos)
    model.layers[-1].bias.assign_add(keras.ops.ones(12))
    second, third = (score_videos(model, batches(), videos)[0] for _ in range(2))
    assert layer.traces == 1
    np.testing.assert_allclose(second, first + 1, atol=1e-3)
    np.testing.assert_array_equal(third, second)


def test_every_model_has_a_graph_of_its_own(views):
    videos, batches = views
    pair = [model_of(Counting()) for _ in range(2)]
    one, other = (score_videos(model, batches(), videos)[0] for model in pair)
    assert np.abs(one - other).max() > 0.1


def classifiers():
    """Every method that names classes; TVNet takes long."""
    for name in module_names(models):
        if "label" in load_module(models, "--method", name).NEEDS:
            yield pytest.param(name, marks=pytest.mark.slow if name == "tvnet" else ())


@pytest.mark.parametrize("method", [*classifiers()])
def test_a_model_that_was_scored_goes_when_it_is_no_longer_used(tiny, method):
    videos, batches = views_for(tiny(method))
    model = build_model(tiny(method), len(videos.class_names))
    score_videos(model, batches(), videos)
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("mode", ["portable", "native"])
def test_a_layer_goes_with_the_last_holder_of_its_graph(mode):
    if mode == "native":
        pytest.importorskip("numba", reason="needs numba (requirements-native.txt)")
    layer = TVNet(iterations=2, mode=mode)
    gone = weakref.ref(layer)
    compute = as_graph(layer)
    expected = compute(CLIP)
    del layer
    gc.collect()
    np.testing.assert_array_equal(compute(CLIP), expected)
    del compute
    gc.collect()
    assert gone() is None


def test_lengths_share_a_trace():
    layer = Counting()
    for time in (3, 4, 5, 6):
        compute = as_graph(layer)
        assert compute(tf.zeros((1, time, 8, 8, 3))).shape[1] == time
    assert layer.traces <= 2
