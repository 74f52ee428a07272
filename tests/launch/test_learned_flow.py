"""Flow that is learned beside the classes: exact, or that of a solver in its place; trained, measured, exported."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
import tensorflow as tf

from launch.evaluate import evaluate
from launch.export import export
from launch.run.data import list_source, open_source
from launch.run.model import load_run
from launch.train import train
from launch.weights.by_name import weight_values
from tvnet_keras.errors import InputError
from tvnet_keras.flow.solvers import make_solver
from tvnet_keras.flow.store import FlowFormat, StoredFlow, write_flow
from tvnet_keras.video.moving_shapes.writer import exact_flow

NEEDS = ("label", "flow", "known")


@pytest.fixture(scope="module")
def store(tiny, tmp_path_factory):
    """The flow of the training videos alone, in two windows of one pair each."""
    videos = list_source(tiny("rgb"), "train").videos
    folder = tmp_path_factory.mktemp("learned") / "flow"
    form = FlowFormat("png", windows=2, window=1)
    return str(write_flow(videos, folder, lambda: make_solver("dis"), {"solver": "dis"}, form)._folder)


@pytest.fixture(scope="module")
def configured(tiny, store):
    """A configuration with stored flow: `configured(model={"losses": ("flow",)})`."""

    def make(**sections):
        data = {"frames": 2, "flow": store, "windows": 2, **sections.pop("data", {})}
        return tiny("action_flow_net", data=data, **sections)

    return make


@pytest.fixture(scope="module")
def run(configured, tmp_path_factory):
    """A network that has learned classes and stored flow for a few steps."""
    folder = tmp_path_factory.mktemp("run") / "joint"
    train(configured(), folder)
    return folder


def first_batch(source):
    return next(iter(source.training(NEEDS, tf.distribute.get_strategy(), 0)))


def test_stored_flow_is_learned_in_the_place_of_the_exact_one(configured, store):
    source = open_source(configured(data={"flip": False}), "train", NEEDS)
    batch, stored = first_batch(source), StoredFlow(store)
    assert batch["known"].numpy().all() and batch["known"].shape == batch["flow"].shape[:-1]
    for flow, index in zip(batch["flow"].numpy(), batch["index"].numpy(), strict=True):
        name = source.videos.videos[index].video_id
        pairs = np.array(stored.pairs(name))
        assert any(np.array_equal(flow[0], field) for field in stored.read(name, pairs, pairs + 1))


def test_without_a_store_the_exact_flow_is_learned(configured):
    source = open_source(configured(data={"flow": "", "windows": 0, "flip": False}), "train", NEEDS)
    batch = first_batch(source)
    for flow, index in zip(batch["flow"].numpy(), batch["index"].numpy(), strict=True):
        steps = exact_flow(source.videos.videos[index].path)
        assert any(np.array_equal(flow[0], step) for step in steps)


def test_a_test_asks_for_no_stored_flow_and_measures_the_exact_one(run, configured, tmp_path):
    evaluate(configured(), run, tmp_path)
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert {"top1", "epe", "epe_zero", "epe_untrained"} <= set(metrics) and "stored_flow" not in metrics
    assert metrics["epe"] != metrics["epe_untrained"]


@pytest.fixture
def unknown_flow(shapes, tmp_path):
    """The same videos as a folder of classes, of which nobody knows the flow."""
    for subset in ("train", "test"):
        for name in ("MoveRight", "MoveLeft"):
            (tmp_path / "videos" / subset / name).mkdir(parents=True)
    for group, subset in ((1, "train"), (2, "train"), (4, "test")):
        for path in sorted((shapes / "videos").glob(f"Move[RL]*/*_g0{group}_c01.avi")):
            shutil.copy(path, tmp_path / "videos" / subset / path.parent.name)
    return str(tmp_path / "videos")


def test_videos_without_flow_say_how_to_store_it(configured, unknown_flow, one_sentence):
    data = {"dataset": "folder", "root": unknown_flow, "flow": "", "windows": 0}
    with pytest.raises(InputError, match="offers label: .*or --config.data.flow=FOLDER") as refusal:
        open_source(configured(data=data), "train", NEEDS)
    one_sentence(str(refusal.value))


@pytest.mark.slow
def test_videos_of_ones_own_learn_stored_flow(configured, unknown_flow, tmp_path):
    config = configured(data={"dataset": "folder", "root": unknown_flow})
    videos = list_source(config, "train").videos
    write_flow(
        videos, tmp_path / "flow", lambda: make_solver("dis"), {"solver": "dis"}, FlowFormat(windows=2, window=1)
    )
    config = dataclasses.replace(config, data=dataclasses.replace(config.data, flow=str(tmp_path / "flow")))
    results = train(config, tmp_path / "run")
    assert "validation_top1" in results and "validation_epe" not in results
    assert results["flow"] > 0 and results["class"] > 0


def test_settings_of_exact_flow_are_refused_beside_a_store(configured):
    for setting in ({"rotation": 5.0}, {"unknown": "zero"}):
        with pytest.raises(InputError, match="has no meaning for .*exact flow"):
            open_source(configured(data=setting), "train", NEEDS)


def test_stored_flow_of_several_clips_at_a_time_is_refused(configured, tmp_path, one_sentence):
    with pytest.raises(InputError, match="set --config.data.segments=1 instead of 2") as refusal:
        train(configured(data={"segments": 2}), tmp_path)
    one_sentence(str(refusal.value))


@pytest.mark.slow
def test_the_rows_of_the_papers_table_start_from_each_other(run, configured, tmp_path):
    joint = weight_values(load_run(run)[1])
    fine_tuned = configured(
        init_from=str(run), model={"losses": ("class",)}, data={"flow": "", "windows": 0}, train={"steps": 0}
    )
    stacked = dataclasses.replace(
        fine_tuned,
        model=dataclasses.replace(fine_tuned.model, structure="stacked", flow_network="frozen"),
    )
    for name, config, alone in (("fine-tuned", fine_tuned, ()), ("stacked", stacked, ("stacked_",))):
        train(config, tmp_path / name)
        found = weight_values(load_run(tmp_path / name)[1])
        own = {weight for weight in found if weight.startswith(alone)} if alone else set()
        assert bool(own) == bool(alone) and set(found) - own <= set(joint)
        for weight in set(found) - own:
            np.testing.assert_array_equal(found[weight], joint[weight], err_msg=weight)
    assert any("decoder" in weight or "deconv" in weight for weight in found)


@pytest.mark.slow
def test_the_export_answers_with_classes_and_with_flow(run, tmp_path):
    config, model, _ = load_run(run)
    signatures = tf.saved_model.load(str(export(run, tmp_path / "export"))).signatures
    assert set(signatures) == {"flow", "serving_default"}
    frames = np.random.default_rng(0).integers(0, 256, (1, 2, 32, 32, 3)).astype("uint8")
    outputs = model(frames)
    np.testing.assert_allclose(signatures["flow"](clip=tf.constant(frames))["flow"], outputs["flow"], atol=1e-4)
    probabilities = signatures["serving_default"](clip=tf.constant(frames))["probabilities"]
    np.testing.assert_allclose(probabilities, tf.nn.softmax(outputs["logits"]), atol=1e-5)
    other = np.random.default_rng(1).integers(0, 256, (1, 4, 45, 70, 3)).astype("uint8")
    np.testing.assert_allclose(signatures["flow"](clip=tf.constant(other))["flow"], model.motion(other), atol=1e-4)
