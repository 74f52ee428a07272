import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from launch.export import CLASSES_FILE, ServingModule, export, refuse_python_ops
from launch.init_from import load_run
from tvnet_keras.errors import InputError

ELSEWHERE = """
import importlib.util, sys
import numpy as np, tensorflow as tf
for name in ("tvnet_keras", "models", "launch"):
    assert importlib.util.find_spec(name) is None, name
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
def served(finished_run):
    """The Keras model behind the export, and the layer that brings clips to its size."""
    config, model, _ = load_run(finished_run)
    return ServingModule(model, config).fit, model


@pytest.mark.parametrize("name", ["long", "wide"])
def test_tensorflow_alone_gives_the_models_probabilities(elsewhere, served, clips, name):
    fit, model = served
    expected = tf.nn.softmax(model(fit(clips[name]), training=False)["logits"]).numpy()
    found = elsewhere[f"serving_default {name}"]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", ["long", "wide", "short"])
def test_flow_comes_at_the_clips_own_size(elsewhere, served, clips, name):
    found = elsewhere[f"flow {name}"]
    assert found.shape == (*clips[name][:, 1:].shape[:-1], 2)
    np.testing.assert_allclose(found, served[1].motion(clips[name]), atol=1e-3)
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
    assert not list(exported.parent.glob(".partial*"))


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
    signatures = tf.saved_model.load(str(tmp_path / "rgb")).signatures
    assert list(signatures) == ["serving_default"]
    clip = tf.zeros((1, 1, 20, 30, 3), tf.uint8)
    assert signatures["serving_default"](clip=clip)["probabilities"].shape == (1, 12)


@pytest.mark.parametrize("python_op", [tf.numpy_function, tf.py_function])
def test_a_graph_that_calls_python_is_refused(tmp_path, python_op):
    module = tf.Module()
    module.run = tf.function(
        lambda x: python_op(lambda value: value, [x], tf.float32), input_signature=[tf.TensorSpec((), tf.float32)]
    )
    tf.saved_model.save(module, str(tmp_path))
    with pytest.raises(RuntimeError, match="calls Python functions"):
        refuse_python_ops(tmp_path)
