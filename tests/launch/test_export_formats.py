"""Exports of several formats: what is written, what is refused, and that each answers in its client as Keras does."""

import dataclasses
import importlib
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import launch.exporters
import models
from launch.export import Request, export
from launch.exporters import Client, Sizes, litert, onnx
from launch.exporters.parts.comparison import compared
from launch.exporters.parts.place import CLASSES_FILE, RECORD_FILE
from launch.exporters.parts.real_clip import RealClip, find_clip
from launch.exporters.parts.serving_module import ServingModule
from launch.run.model import build_model, load_run
from tests.models.test_methods import options_of
from tests.textures import moving_clip
from tvnet_keras.choices import load_module, module_names
from tvnet_keras.errors import InputError
from tvnet_keras.video.read import read_frames

FORMATS = module_names(launch.exporters)
OTHER_SIZES = ((1, 7, 41, 37), (2, 6, 24, 50))
"""Shapes `[B, T, H, W]` that no export was compared on."""


def needs_onnx():
    for name in ("tf2onnx", "onnx", "onnxruntime"):
        pytest.importorskip(name, reason="needs tf2onnx, onnx and onnxruntime (requirements-dev.txt)")


def clip_of(shape):
    batch, frames, height, width = shape
    clip = moving_clip(frames, height, width, (0.7, 0.4))
    return np.round(255 * np.concatenate([clip * (1 - k / 4) for k in range(batch)])).astype("uint8")


def module_of(run):
    config, model, _ = load_run(run)
    return ServingModule(model, config)


@pytest.fixture(scope="module", params=["rgb_run", pytest.param("finished_run", marks=pytest.mark.slow)])
def run(request):
    """A trained run: an RGB classifier, or one with TVNet, of which there is flow too."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def exported(run, tmp_path_factory):
    """The export of a run in every format."""
    needs_onnx()
    return export(run, tmp_path_factory.mktemp("formats") / "export", Request(FORMATS))


@pytest.fixture(scope="module")
def module(run):
    return module_of(run)


def test_the_record_says_how_near_to_keras_every_answer_is(exported, module, shapes):
    record = json.loads((exported / RECORD_FILE).read_text())
    assert list((shapes / "videos").rglob(record["clip"])), "a video of the run's test list"
    assert tuple(record["formats"]) == FORMATS
    for name, written in record["formats"].items():
        assert written["client"] and written["written_by"]
        assert set(written["answers"]) == set(module.by_output)
        for answer in written["answers"].values():
            assert 0 <= answer["difference"] <= record["tolerance"] == 1e-4
            assert answer["from_evaluation"]["mean"] <= 1e-4
            assert answer["compared"][2:] == [32, 32, 3], name
    assert record["formats"]["onnx"]["opset"] == onnx.OPSET


@pytest.mark.parametrize("shape", OTHER_SIZES)
@pytest.mark.parametrize("name", ["onnx", "litert"])
def test_other_lengths_batches_and_sizes_are_answered_as_by_keras(name, shape, exported, module):
    client = importlib.import_module(f"launch.exporters.{name}").open_client(exported)
    for output in module.by_output:
        # LiteRT's probabilities are of one size of frames.
        clip = clip_of((*shape[:2], 32, 32) if (name, output) == ("litert", "probabilities") else shape)
        expected = module.exact(output, clip)
        np.testing.assert_allclose(client.ask(output, clip), expected, atol=1e-4)
        assert np.ptp(expected) > 1e-3


def sides_of(value):
    return [side.dim_param or side.dim_value for side in value.type.tensor_type.shape.dim]


def test_onnx_names_its_sides_and_its_operators(exported, module):
    answers = {"probabilities": ["batch", 12], "flow": ["batch", "steps", "height", "width", 2]}
    for output in module.by_output:
        model = importlib.import_module("onnx").load(str(exported / f"{output}.onnx"))
        (taken,), (given,) = model.graph.input, model.graph.output
        assert sides_of(taken) == ["batch", "frames", "height", "width", 3]
        assert sides_of(given) == answers[output]
        assert [entry.version for entry in model.opset_import if not entry.domain] == [onnx.OPSET]


@pytest.mark.parametrize("name", FORMATS)
def test_the_client_of_the_documentation_says_what_keras_says(name, exported, module, repository, shapes, tmp_path):
    video = next((shapes / "videos/ZoomIn").glob("*.avi"))
    client = repository / "docs/clients" / f"{'session' if name == 'savedmodel' else name}_client.py"
    assert len(client.read_text().splitlines()) <= 50
    # -I: neither the current folder nor PYTHONPATH is searched for modules.
    command = [sys.executable, "-I", client, exported, video]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "deprecated" not in done.stderr or name == "litert", "TensorFlow's copy of LiteRT says so of itself"
    clip = read_frames(video)[None]
    probabilities = module.exact("probabilities", clip)[0]
    names, best = (exported / CLASSES_FILE).read_text().splitlines(), int(np.argmax(probabilities))
    assert done.stdout.startswith(f"{names[best]} {100 * probabilities[best]:.1f} %, ")
    said = re.search(r"mean flow: (\S+) right, (\S+) down", done.stdout)
    assert bool(said) == ("flow" in module.by_output)
    if said:
        expected = np.mean(module.exact("flow", clip), axis=(0, 1, 2, 3))
        np.testing.assert_allclose([float(said[1]), float(said[2])], expected, atol=0.006)


def test_asking_tensorflows_copy_of_litert_warns_of_nothing(exported, monkeypatch, recwarn):
    monkeypatch.setattr(litert, "RUNTIME", "not_installed")
    client = litert.open_client(exported)
    assert "tf.lite" in client.name and client.ask("probabilities", clip_of((1, 8, 32, 32))).shape[0] == 1
    assert not recwarn.list


def test_clients_import_nothing_of_ours(repository):
    clients = list((repository / "docs/clients").glob("*.py"))
    assert len(clients) == len(FORMATS)
    ours = re.compile(r"^\s*(from|import) (tvnet_keras|models|launch)", re.MULTILINE)
    assert not any(ours.search(path.read_text()) for path in clients)


def test_fixed_sizes_are_fixed_and_the_export_is_replaced_too(rgb_run, tmp_path):
    needs_onnx()
    folder = export(rgb_run, tmp_path / "rgb", Request(("onnx", "litert"), Sizes(batch=2, frames=3, size=(24, 36))))
    files = {"probabilities.onnx", "probabilities.tflite", CLASSES_FILE, RECORD_FILE}
    assert {path.name for path in folder.iterdir()} == files
    (taken,) = importlib.import_module("onnx").load(str(folder / "probabilities.onnx")).graph.input
    assert sides_of(taken) == [2, 3, 24, 36, 3]
    record = json.loads((folder / RECORD_FILE).read_text())
    for written in record["formats"].values():
        answer = written["answers"]["probabilities"]
        assert answer["compared"] == answer["input"]["shape"] == [2, 3, 24, 36, 3]
    export(rgb_run, folder)
    assert not (folder / "probabilities.onnx").exists() and (folder / "saved_model.pb").is_file()


class Doubling:
    """Stands in for a ServingModule whose one answer is twice what it takes."""

    takes = "clip"

    def exact(self, output, taken):
        return 2 * taken.astype("float32")

    evaluated = exact


def compare_with(difference, tolerance):
    client = Client("client 1.0", lambda output, taken: 2 * taken.astype("float32") + np.float32(difference))
    record = {"answers": {"flow": {"input": {"shape": [2, None, 3, 5, 3]}}}}
    clip = RealClip(np.zeros((4, 8, 8, 3), np.uint8), "film.mp4")
    return compared("mine", record, client, Doubling(), clip, tolerance)


@pytest.mark.parametrize("difference", [0.002, np.nan])
def test_an_answer_that_is_not_keras_is_an_error(difference, one_sentence):
    with pytest.raises(InputError) as caught:
        compare_with(difference, 1e-4)
    sentence = one_sentence(str(caught.value))
    assert f"the flow of client 1.0 and of Keras differ by {difference:.2g} pixels on film.mp4" in sentence
    assert "more than --tolerance=0.0001" in sentence


def test_a_larger_difference_may_be_allowed_and_is_recorded():
    answer = compare_with(0.002, 0.01)["answers"]["flow"]
    assert answer["difference"] == pytest.approx(0.002) and answer["compared"] == [2, 4, 3, 5, 3]


def test_a_missing_package_is_named_with_its_command(rgb_run, tmp_path, monkeypatch, one_sentence):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if "onnx" in name else found(name, *rest))
    with pytest.raises(InputError) as caught:
        export(rgb_run, tmp_path / "rgb", Request(("onnx",)))
    sentence = one_sentence(str(caught.value))
    assert sentence == "--format=onnx needs tf2onnx and onnx and onnxruntime: pip install tf2onnx onnx onnxruntime."


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"formats": ("onxx",)}, "Did you mean 'onnx'"),
        ({"formats": ()}, "--format= is empty"),
        ({"sizes": Sizes(size=(8, 8))}, "mean nothing to --format=savedmodel"),
        ({"formats": ("litert",), "sizes": Sizes(frames=5)}, "--frames=5 is too short: the network needs 6"),
        ({"clip": "nowhere.mp4"}, "nowhere.mp4"),
    ],
)
def test_a_request_that_cannot_be_met_is_one_sentence(given, said, finished_run, tmp_path, one_sentence):
    with pytest.raises(InputError) as caught:
        export(finished_run, tmp_path / "place", Request(**given))
    assert said in one_sentence(str(caught.value))
    assert not list(tmp_path.iterdir())


def test_an_export_needs_no_data(tiny):
    config = tiny("rgb", data={"root": "/nowhere"})
    clip = find_clip("", config, 3)
    assert clip.name == "a rendered clip of Moving Shapes" and clip.frames.shape == (3, 120, 160, 3)
    assert np.ptp(clip.frames) > 100 and (clip.frames[0] != clip.frames[1]).any()


def test_a_video_that_is_too_short_is_shown_again(shapes, tiny):
    video = next((shapes / "videos/ZoomIn").glob("*.avi"))
    frames = read_frames(video)
    np.testing.assert_array_equal(find_clip(str(video), tiny(), 11).frames, np.concatenate([frames, frames[:3]]))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["onnx", "litert"])
@pytest.mark.parametrize("method", module_names(models))
def test_every_method_answers_in_every_format(method, name, tiny, tmp_path):
    needs_onnx()
    exporter = importlib.import_module(f"launch.exporters.{name}")
    options = dataclasses.asdict(options_of(load_module(models, "--method", method)))
    config = tiny(method, model=options)
    network = ServingModule(build_model(config, num_classes=4), config)
    exporter.write(network, tmp_path, Sizes())
    client = exporter.open_client(tmp_path)
    for output in network.by_output:
        clip = clip_of((1, 8, 32, 32) if name == "litert" else OTHER_SIZES[0])
        np.testing.assert_allclose(client.ask(output, clip), network.exact(output, clip), atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("exporter", [litert, onnx], ids=["litert", "onnx"])
def test_a_network_of_stored_flow_takes_flow(exporter, tiny, tmp_path):
    needs_onnx()
    config = tiny("tvnet", model={"motion": "stored"})
    network = ServingModule(build_model(config, num_classes=4), config)
    written = exporter.write(network, tmp_path, Sizes())
    assert written["answers"]["probabilities"]["input"]["name"] == "flow"
    flow = np.random.default_rng(0).normal(0, 2, (1, 6, 32, 32, 2)).astype("float32")
    found = exporter.open_client(tmp_path).ask("probabilities", flow)
    np.testing.assert_allclose(found, network.exact("probabilities", flow), atol=1e-5)


def test_the_clients_stand_in_the_documentation(repository):
    page = (repository / "docs/exporting.md").read_text()
    assert all(f"clients/{Path(path).name}" in page for path in (repository / "docs/clients").glob("*.py"))
    assert f"opset {onnx.OPSET}" in page
