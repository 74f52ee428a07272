import dataclasses
import errno
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import models
from launch.export import export
from launch.exporters.parts.place import CLASSES_FILE
from launch.exporters.parts.serving_module import ServingModule
from launch.exporters.savedmodel import refuse_python_ops
from launch.run.model import build_model, load_run
from launch.run.video_source import VideoSource
from tests.models.test_methods import options_of
from tests.textures import moving_clip
from tvnet_keras.choices import load_module, module_names
from tvnet_keras.errors import InputError
from tvnet_keras.video import ViewRecipe, augment
from tvnet_keras.video.listing import Video, VideoList

SMOOTH = np.round(moving_clip(8, 41, 36, (0.7, 0.4)) * 255).astype("uint8")

ELSEWHERE = """
import sys
import numpy as np, tensorflow as tf
for name in ("tvnet_keras", "models", "launch"):
    sys.modules[name] = None  # Importing it fails, also where it is installed.
loaded = tf.saved_model.load(sys.argv[1])
results = {}
for name, clip in np.load(sys.argv[2]).items():
    for kind, signature in loaded.signatures.items():
        try:
            (results[f"{kind} {name}"],) = signature(clip=tf.constant(clip)).values()
        except tf.errors.InvalidArgumentError as error:
            results[f"{kind} {name}"] = np.array(error.message)
np.savez(sys.argv[3], **results)
"""


@pytest.fixture(scope="module")
def clips():
    """uint8 clips of two lengths and two sizes; one is a frame too short."""
    random = np.random.default_rng(0)
    shapes = {"long": (1, 8, 32, 32, 3), "wide": (2, 6, 40, 56, 3)}
    smooth = {name: np.cumsum(random.normal(0, 12, shape), axis=3) + 120 for name, shape in shapes.items()}
    smooth["short"] = smooth["long"][:, :5]
    return {name: clip.clip(0, 255).astype("uint8") for name, clip in smooth.items()}


@pytest.fixture(scope="module")
def exported(finished_run, tmp_path_factory):
    return export(finished_run, tmp_path_factory.mktemp("export") / "tvnet")


@pytest.fixture(scope="module")
def elsewhere(exported, clips, tmp_path_factory):
    """What a process with TensorFlow alone gets from the export."""
    folder = tmp_path_factory.mktemp("elsewhere")
    np.savez(folder / "clips.npz", **clips)
    # -I: neither the current folder nor PYTHONPATH is searched for modules.
    command = [sys.executable, "-I", "-c", ELSEWHERE, exported, folder / "clips.npz", folder / "results.npz"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(np.load(folder / "results.npz"))


@pytest.fixture(scope="module")
def trained(finished_run):
    """The configuration and the Keras model behind the export."""
    return load_run(finished_run)[:2]


@pytest.mark.parametrize("name", ["long", "wide"])
def test_tensorflow_alone_gives_the_models_probabilities(elsewhere, trained, clips, name):
    config, model = trained
    size, crop = (config.data.height, config.data.width), config.data.test_crop
    assert crop == "none"
    views = np.concatenate([augment.test_views(clip, ViewRecipe(size, crop))[0] for clip in clips[name]])
    expected = tf.nn.softmax(model(views, training=False)["logits"]).numpy()
    found = elsewhere[f"serving_default {name}"]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", ["long", "wide", "short"])
def test_flow_comes_at_the_clips_own_size(elsewhere, trained, clips, name):
    found = elsewhere[f"flow {name}"]
    assert found.shape == (*clips[name][:, 1:].shape[:-1], 2)
    np.testing.assert_allclose(found, trained[1].motion(clips[name]), atol=1e-3)
    assert np.abs(found).max() > 0.01


def test_a_clip_that_is_too_short_is_refused(elsewhere):
    assert "The clip needs at least 6 frames." in str(elsewhere["serving_default short"])


def test_the_classes_stand_beside_the_model(exported, finished_run):
    names = (exported / CLASSES_FILE).read_text().splitlines()
    assert tuple(names) == load_run(finished_run)[2]


def test_an_export_replaces_an_earlier_one(exported, finished_run):
    (exported / CLASSES_FILE).write_text("old")
    export(finished_run, exported)
    assert (exported / CLASSES_FILE).read_text().startswith("MoveRight\n")
    assert [path.name for path in exported.parent.iterdir()] == [exported.name]


@pytest.mark.slow
def test_an_export_that_cannot_take_its_place_leaves_the_earlier_one(exported, finished_run, monkeypatch):
    before = {path.name: path.read_bytes() for path in exported.iterdir() if path.is_file()}
    genuine = Path.rename

    def rename(path, target):
        if path.name.startswith(".partial."):
            raise OSError(errno.EIO, "Input/output error")
        return genuine(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    monkeypatch.setattr("launch.exporters.parts.place._exchange", lambda first, second: False)
    with pytest.raises(InputError, match="cannot be written: Input/output error"):
        export(finished_run, exported)
    assert {path.name: path.read_bytes() for path in exported.iterdir() if path.is_file()} == before
    assert tf.saved_model.load(str(exported)).signatures


@pytest.mark.parametrize("names", [("thesis.tex",), ("saved_model.pb", "notes.txt")])
def test_a_folder_of_other_files_is_refused(finished_run, tmp_path, names):
    for name in names:
        (tmp_path / name).write_text("mine")
    with pytest.raises(InputError, match="holds something else than an export"):
        export(finished_run, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(names)


def test_a_file_is_no_folder(finished_run, tmp_path):
    (tmp_path / "file.txt").write_text("mine")
    with pytest.raises(InputError, match="holds something else"):
        export(finished_run, tmp_path / "file.txt")
    assert (tmp_path / "file.txt").read_text() == "mine"


def test_a_method_without_motion_exports_its_classes_only(launcher, rgb_run, tmp_path):
    outcome = launcher("export", f"--run={rgb_run}", f"--output_dir={tmp_path}/rgb")
    assert outcome.code == 0 and f"written: {tmp_path}/rgb" in outcome.out
    assert "savedmodel: probabilities of tensorflow" in outcome.out and "deprecated" not in outcome.error
    signatures = tf.saved_model.load(str(tmp_path / "rgb")).signatures
    assert list(signatures) == ["serving_default"]
    clip = tf.zeros((1, 1, 20, 30, 3), tf.uint8)
    assert signatures["serving_default"](clip=clip)["probabilities"].shape == (1, 12)


class Change(keras.layers.Layer):
    """Stands in for a motion layer: how much red and green change from frame to frame."""

    def call(self, clip):
        frames = keras.ops.cast(clip[..., :2], "float32")
        return frames[:, 1:] - frames[:, :-1]


class FlowOnly(keras.Model):
    """A model without classes."""

    def __init__(self):
        super().__init__()
        self.motion = Change()

    def call(self, clip, training=None):
        return {"flow": self.motion(clip)}


def test_a_method_without_classes_exports_its_flow_only(tiny, tmp_path):
    model, clip = FlowOnly(), tf.constant(SMOOTH[:, :2])
    model(clip)
    module = ServingModule(model, tiny())
    module.save(tmp_path)
    signatures = tf.saved_model.load(str(tmp_path)).signatures
    assert set(signatures) == {"flow", "serving_default"}
    for signature in signatures.values():
        np.testing.assert_allclose(signature(clip=clip)["flow"], module.model.motion(clip), atol=1e-5)


def test_a_model_with_nothing_to_answer_is_refused(tiny):
    inputs = keras.Input((None, 32, 32, 3))
    with pytest.raises(InputError, match="--method=tvnet has neither classes nor a motion layer"):
        ServingModule(keras.Model(inputs, {"features": keras.layers.Identity()(inputs)}), tiny())


SIZES = {"landscape": (24, 36), "portrait": (41, 30), "small": (13, 15), "its own": (16, 24)}
"""Of videos, by name."""


class InMemory:
    """Stands in for a cache of decoded videos: one of every size of SIZES, cut from one moving texture."""

    def __init__(self, frames):
        self.clips = {name: SMOOTH[:, :frames, :height, :width] for name, (height, width) in SIZES.items()}

    def count_frames(self, name):
        return self.clips[name].shape[1]

    def read_frames(self, name, frames):
        return self.clips[name][0, frames]


class FlowInMemory:
    """Stands in for a store of the flow of videos in memory: smooth vectors of up to three pixels."""

    def __init__(self, videos):
        self.flow = {name: clip[0, 1:, ..., :2] / np.float32(42) - 3 for name, clip in videos.clips.items()}

    def read(self, name, first, last):
        assert (last == first + 1).all()
        return self.flow[name][first]


def evaluated(model, config, videos, flow=None):
    """Probabilities of every video, from the views that the evaluation makes of it."""
    listed = VideoList(tuple(Video(name, 0, name) for name in videos.clips), ("a",))
    batches = list(VideoSource(config, "test", listed, cache=videos, flow=flow).views())
    taken = "clip" if flow is None else "flow"
    return tf.nn.softmax(model(tf.concat([batch[taken] for batch in batches], 0), training=False)["logits"])


LARGE = ("action_flow_net", "hidden_two_stream")
"""Methods whose networks take seconds to build; `test_export_elsewhere` exports each once more."""


def shown_cases():
    """Methods at one size of the views, the quickest one at another too; the rest is slow."""
    for method in module_names(models):
        yield pytest.param(method, 16, 24, 0, marks=pytest.mark.slow if method in LARGE else ())
        yield pytest.param(method, 24, 16, 20, marks=() if method == "rgb" else pytest.mark.slow)


@pytest.mark.parametrize(("method", "height", "width", "resize_short"), list(shown_cases()))
def test_an_export_answers_as_the_evaluation_does(method, height, width, resize_short, tiny, tmp_path):
    # The whole frame, test_crop=none, is what finished_run takes.
    options = dataclasses.asdict(options_of(load_module(models, "--method", method)))
    shown = {"height": height, "width": width, "resize_short": resize_short, "test_crop": "center"}
    config = tiny(method, data=shown, model=options)
    model, videos = build_model(config, num_classes=4), InMemory(config.data.frames)
    module = ServingModule(model, config)
    module.save(tmp_path)
    serve = tf.saved_model.load(str(tmp_path)).signatures["serving_default"]
    if "label" not in load_module(models, "--method", method).NEEDS:
        # A network without classes answers with the flow of the clip at its own size, as the flow measure asks it.
        for clip in videos.clips.values():
            np.testing.assert_allclose(serve(clip=tf.constant(clip))["flow"], model.motion(clip), atol=1e-5)
        return
    found = [serve(clip=tf.constant(clip))["probabilities"] for clip in videos.clips.values()]
    expected = evaluated(model, config, videos)
    np.testing.assert_allclose(tf.concat(found, 0), expected, atol=1e-5)
    assert np.ptp(expected, axis=0).max() > 1e-4  # The videos are told apart.


@pytest.mark.parametrize("crop", ["center", "none"])
@pytest.mark.parametrize(("height", "width", "resize_short"), [(16, 24, 0), (24, 16, 20)])
def test_an_export_of_stored_flow_answers_as_the_evaluation_does(height, width, resize_short, crop, tiny, tmp_path):
    shown = {"height": height, "width": width, "resize_short": resize_short, "test_crop": crop}
    config = tiny("tvnet", data=shown, model={"motion": "stored"})
    model, videos = build_model(config, num_classes=4), InMemory(config.data.frames)
    flow = FlowInMemory(videos)
    ServingModule(model, config).save(tmp_path)
    signatures = tf.saved_model.load(str(tmp_path)).signatures
    assert list(signatures) == ["serving_default"]
    serve = signatures["serving_default"]
    found = [serve(flow=tf.constant(part[None]))["probabilities"] for part in flow.flow.values()]
    expected = evaluated(model, config, videos, flow)
    np.testing.assert_allclose(tf.concat(found, 0), expected, atol=1e-5)
    assert np.ptp(expected, axis=0).max() > 1e-4  # The videos are told apart.


@pytest.mark.parametrize("python_op", [tf.numpy_function, tf.py_function])
def test_a_graph_that_calls_python_is_refused(tmp_path, python_op):
    module = tf.Module()
    module.run = tf.function(
        lambda x: python_op(lambda value: value, [x], tf.float32), input_signature=[tf.TensorSpec((), tf.float32)]
    )
    tf.saved_model.save(module, str(tmp_path))
    with pytest.raises(RuntimeError, match="calls Python functions"):
        refuse_python_ops(tmp_path)
