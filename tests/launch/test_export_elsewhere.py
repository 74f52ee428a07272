"""What an export is where there is no Python: in the loader of TensorFlow Serving, Java and Go, and on phones."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

import models
from launch.export import export
from launch.exporters.parts.place import CLASSES_FILE
from launch.exporters.parts.serving_module import ServingModule
from launch.run.model import build_model, load_run
from tests.launch.sessions import answer
from tests.models.test_methods import options_of
from tests.textures import moving_clip
from tvnet_keras.choices import load_module, module_names

CLIPS = {"of training": (1, 8, 32, 32), "other": (2, 9, 41, 37)}
"""Shapes `[B, T, H, W]`."""

OPTIONS = {
    "tvnet": ({"scales": 2, "warps": 2}, {"motion": "representation_flow"}),
    "tvnet_flow": ({"variant": "official"}, {"variant": "official", "scales": 2}),
    "representation_flow": (
        {"flows": "fcf", "fusion": "late"},
        {"backbone": "resnet2plus1d", "place": "input", "variant": "released_v2"},
        {"place": "none", "variant": "paper"},
    ),
}
"""What more of a method has another graph; slow."""


def clip_of(shape):
    batch, frames, height, width = shape
    clip = moving_clip(frames, height, width, (0.7, 0.4))
    return np.round(255 * np.concatenate([clip * (1 - k / 4) for k in range(batch)])).astype("uint8")


QUICK = ("tvnet", "action_flow_net")
"""Methods whose graphs have nearly all that those of the others have; these are slow as well."""


def exports():
    for method in module_names(models):
        yield pytest.param(method, {}, id=method, marks=() if method in QUICK else pytest.mark.slow)
        for chosen in OPTIONS.get(method, ()):
            yield pytest.param(method, chosen, id=f"{method} {chosen}", marks=pytest.mark.slow)


@pytest.fixture
def served(tiny, tmp_path):
    """Saves a network of a method, as `launch.export` does; its folder and what it says of every signature."""

    def save(method, chosen):
        options = dataclasses.asdict(options_of(load_module(models, "--method", method), **chosen))
        config = tiny(method, model={**options, **chosen})
        module = ServingModule(build_model(config, num_classes=4), config)
        module.save(tmp_path / "export")
        return tmp_path / "export", module.answers

    return save


@pytest.mark.parametrize(("method", "chosen"), list(exports()))
def test_every_export_answers_without_python(method, chosen, served, tmp_path):
    folder, answers = served(method, chosen)
    # Compiled for every size anew, and not at all in other runtimes.
    assert b"_XlaMustCompile" not in (folder / "saved_model.pb").read_bytes()
    loaded = tf.saved_model.load(str(folder)).signatures
    assert set(loaded) == {*answers, "serving_default"}
    for signature in loaded:
        for name, shape in CLIPS.items():
            clip = clip_of(shape)
            found = answer(folder, signature, clip, tmp_path / signature / name)
            expected = answers.get(signature, answers.get("flow"))(tf.constant(clip))
            for output, value in expected.items():
                np.testing.assert_allclose(found[output], value, atol=1e-4, err_msg=f"{signature} {name}")
                assert np.ptp(value) > 1e-4


@pytest.fixture(scope="module")
def exported(finished_run, tmp_path_factory):
    return export(finished_run, tmp_path_factory.mktemp("export") / "tvnet")


@pytest.mark.slow
def test_the_command_line_of_saved_models_gives_the_flow(exported, finished_run, tmp_path):
    clip = clip_of(CLIPS["other"])
    np.save(tmp_path / "clip.npy", clip)
    tool = [sys.executable, "-m", "tensorflow.python.tools.saved_model_cli", "run", "--dir", exported]
    given = ["--tag_set", "serve", "--signature_def", "flow", "--inputs", f"clip={tmp_path}/clip.npy"]
    done = subprocess.run([*tool, *given, "--outdir", tmp_path], capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr[-3000:]
    np.testing.assert_allclose(np.load(tmp_path / "flow.npy"), load_run(finished_run)[1].motion(clip), atol=1e-4)
    assert (exported / CLASSES_FILE).is_file()


@pytest.mark.parametrize("variant", ["default", pytest.param("official", marks=pytest.mark.slow)])
def test_tensorflow_lite_has_the_flow_of_any_size_as_operations_of_its_own(variant, served):
    folder, answers = served("tvnet_flow", {"variant": variant})
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder), signature_keys=["flow"])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    interpreter = tf.lite.Interpreter(model_content=converter.convert())
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    for shape in CLIPS.values():
        clip = clip_of(shape)
        interpreter.resize_tensor_input(taken["index"], clip.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(taken["index"], clip)
        interpreter.invoke()
        found = interpreter.get_tensor(given["index"])
        np.testing.assert_allclose(found, answers["flow"](tf.constant(clip))["flow"], atol=1e-4)
