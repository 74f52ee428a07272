"""A network with representation flow from training to prediction, as a user starts it."""

import numpy as np
import pytest
import tensorflow as tf

from launch.export import export
from launch.run.model import build_model, load_run
from launch.train import train
from launch.weights.init_from import initialise
from tests.launch.logs import tensorboard
from tvnet_keras.errors import InputError
from tvnet_keras.video.read import read_frames

MODEL = {"depth": 10, "width": 8, "bottleneck": 4, "iterations": 4, "place": "conv1", "flows": "fcf"}


@pytest.fixture(scope="module")
def run(tiny, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "representation_flow"
    train(tiny("representation_flow", model=MODEL), folder)
    return folder


def test_flows_of_four_channels_and_the_rate_of_the_flow_are_in_tensorboard(run):
    logs = tensorboard(run)
    tags = set(logs.Tags()["tensors"])
    assert {"frame", "feature_flow", "train/feature_flow_magnitude", "learning_rate/flow"} <= tags
    # After conv1 features have half the size of the frames.
    width, height, *pictures = tf.make_ndarray(logs.Tensors("feature_flow")[0].tensor_proto).tolist()
    assert (width, height, len(pictures)) == (b"64", b"16", 4)


@pytest.mark.slow
def test_the_export_gives_the_probabilities_of_the_model(run, shapes, tmp_path):
    loaded = tf.saved_model.load(export(run, tmp_path / "export"))
    assert set(loaded.signatures) == {"serving_default"}
    _, model, _ = load_run(run)
    clip = read_frames(next(shapes.glob("videos/*/*_g04_c01.avi")))[None, :6]
    ours = tf.nn.softmax(model(clip, training=False)["logits"])
    theirs = loaded.signatures["serving_default"](clip=tf.constant(clip))["probabilities"]
    np.testing.assert_allclose(theirs, ours, atol=1e-5)


def test_a_video_file_gets_its_classes(launcher, run, shapes):
    video = next(shapes.glob("videos/*/*_g04_c01.avi"))
    outcome = launcher("predict", f"--run={run}", video)
    assert outcome.code == 0, outcome.error
    assert outcome.out.startswith(f"{video}: ") and outcome.out.count(" %") == 5


def test_imagenet_weights_of_another_kind_of_network_are_refused(tiny):
    config = tiny("representation_flow", model=MODEL, init_from="imagenet")
    with pytest.raises(InputError, match="does not know --method=representation_flow's networks; convert"):
        initialise(build_model(config, 12), config)
