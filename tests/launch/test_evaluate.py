import hashlib
import json
import os
import shutil
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

import launch.evaluate
from launch.evaluate import evaluate, metrics_of, write_result
from launch.evaluators import flow as flow_measure
from launch.run import run_folder
from launch.run.data import open_source
from launch.run.inference import score_videos
from launch.run.model import load_run
from launch.run.run_folder import read_config
from tvnet_keras import TVNet
from tvnet_keras.errors import InputError
from tvnet_keras.scoring.result import load_results
from tvnet_keras.scoring.scores import load_scores
from tvnet_keras.video.moving_shapes.writer import exact_flow, write_dataset
from tvnet_keras.video.read import read_frames


class Still(keras.layers.Layer):
    """A Motion layer that sees nothing move."""

    frames_consumed = 1

    def call(self, clip):
        return tf.zeros_like(clip[:, 1:, ..., :2], "float32")


def flow_errors(motion, source):
    """End-point errors of a Motion layer on a source."""

    class Alone(keras.Model):
        def __init__(self):
            super().__init__()
            self.motion = motion

    return flow_measure.measure(Alone(), source, source.config).numbers


def sha256_of_weights(run):
    return hashlib.sha256((run / "model.weights.h5").read_bytes()).hexdigest()


def wilson_interval(share, count):
    """The 95 % interval of a share of so many videos, after Wilson (1927)."""
    z = 1.959964
    middle, half = share + z**2 / (2 * count), z * np.sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2)
    return (middle - half) / (1 + z**2 / count), (middle + half) / (1 + z**2 / count)


def with_crops(config, crops):
    """The configuration with another number of crops."""
    return replace(config, eval=replace(config.eval, crops=crops))


@pytest.fixture(scope="module")
def evaluation(finished_run, tmp_path_factory):
    """An evaluation of two clips per video: its folder and what was measured."""
    config = read_config(finished_run)
    config = replace(config, eval=replace(config.eval, clips=2))
    folder = tmp_path_factory.mktemp("evaluation")
    return folder, evaluate(config, finished_run, folder)


def test_the_scores_file_keeps_its_contract(evaluation, finished_run, tiny):
    folder, measured = evaluation
    scores = load_scores(folder / "scores.npz")
    listed = open_source(tiny(), "test").videos
    assert scores.video_id == tuple(video.video_id for video in listed.videos)
    assert scores.class_names == listed.class_names
    assert scores.label.tolist() == [video.label for video in listed.videos]
    assert (scores.logits.argmax(axis=1) == scores.label).mean() == pytest.approx(measured.numbers["top1"])
    header = scores.header
    assert (header["kind"], header["experiment"], header["split"]) == ("tvnet", "moving_shapes", 1)
    assert (header["clips"], header["crops"], header["seed"]) == (2, 1, 0)
    assert header["weights_sha256"] == sha256_of_weights(finished_run)


def test_every_number_carries_its_protocol(evaluation, finished_run):
    folder, measured = evaluation
    metrics = metrics_of(measured)
    assert json.loads((folder / "metrics.json").read_text()) == metrics
    expected = {
        "videos": 12,
        "classes": 12,
        "split": 1,
        "clips": 2,
        "crops": 1,
        "views": 24,
        "sampling": "even",
        "stride": None,
        "step": 1,
        "short": "loop",
        "frames": 6,
        "size": [32, 32],
        "resize_short": 0,
        "test_crop": "none",
        "missing": 0,
        "skipped": [],
        "decoded": None,
        "flow_size": "own",
        "weights_sha256": sha256_of_weights(finished_run),
    }
    assert {name: metrics[name] for name in expected} == expected
    interval = (metrics["top1_low"], metrics["top1_high"])
    assert interval == pytest.approx(wilson_interval(metrics["top1"], 12), abs=1e-5)
    assert interval[0] <= metrics["top1"] <= interval[1]
    assert metrics["top1"] <= metrics["top5"] <= 1
    assert (folder / "confusion.png").read_bytes().startswith(b"\x89PNG")


def test_logits_are_the_mean_over_the_clips(evaluation, finished_run, tiny):
    config, model, _ = load_run(finished_run)
    views = open_source(replace(config, eval=replace(config.eval, clips=2)), "test").views()
    scores = load_scores(evaluation[0] / "scores.npz")
    rows = {index: [] for index in range(12)}
    for batch in views.unbatch().as_numpy_iterator():
        logits = model(batch["clip"][None], training=False)["logits"]
        rows[int(batch["index"])].append(keras.ops.convert_to_numpy(logits)[0])
    assert all(len(row) == 2 for row in rows.values())
    np.testing.assert_allclose(scores.logits, [np.mean(rows[index], axis=0) for index in range(12)], atol=1e-4)


def test_exact_flow_is_compared_at_the_videos_own_size(evaluation, finished_run, tiny):
    metrics = evaluation[1].numbers
    source = open_source(tiny(), "test")
    layer, zero, untrained = TVNet(iterations=4), [], []
    for path in (video.path for video in source.videos.videos):
        truth = exact_flow(path)
        zero.append(np.linalg.norm(truth, axis=-1).mean())
        flow = keras.ops.convert_to_numpy(layer(read_frames(path)[None]))[0]
        untrained.append(np.linalg.norm(flow - truth, axis=-1).mean())
    assert metrics["epe_zero"] == pytest.approx(np.mean(zero), rel=1e-5)
    assert flow_errors(Still(), source)["epe"] == pytest.approx(np.mean(zero), rel=1e-5)
    assert metrics["epe_untrained"] == pytest.approx(np.mean(untrained), rel=1e-4)
    assert metrics["epe"] != metrics["epe_untrained"] and 0 < metrics["epe"] < metrics["epe_zero"]


def test_more_iterations_come_nearer_to_the_exact_flow(tiny):
    source = open_source(tiny(), "test")
    few, many = (flow_errors(TVNet(iterations=count), source)["epe"] for count in (2, 50))
    assert many < few


def test_videos_of_different_lengths_are_compared_one_by_one(tiny, tmp_path):
    lists = []
    for frames in (4, 6):
        root = write_dataset(tmp_path / str(frames), train_groups=1, test_groups=1, frames=frames, size=(32, 32))
        lists.append(open_source(tiny(data={"root": str(root)}), "test"))
    chosen = [source.videos.videos[0] for source in lists]
    layer = TVNet(iterations=3)

    def errors(videos):
        counts = {path: count for source in lists for path, count in source.counts.items()}
        return flow_errors(layer, replace(lists[0], videos=replace(lists[0].videos, videos=videos), counts=counts))

    apart, together = [errors((video,)) for video in chosen], errors(tuple(chosen))
    # The mean is over fields, of which the videos have 3 and 5.
    assert together["epe"] == pytest.approx((3 * apart[0]["epe"] + 5 * apart[1]["epe"]) / 8, rel=1e-4)


def test_methods_without_motion_have_no_flow_error(rgb_run, tmp_path):
    assert not any(name.startswith("epe") for name in evaluate(read_config(rgb_run), rgb_run, tmp_path).numbers)


def test_mirrored_views_are_brought_back_to_their_labels(tiny):
    # A model that answers by motion: a mirrored view of "right" moves left, and must still speak for "right".
    config = tiny(data={"classes": ("MoveRight", "MoveLeft"), "test_crop": "center", "height": 28, "width": 28})
    source = open_source(config, "test")
    motion = TVNet(iterations=30)

    def by_motion(clip, training):
        u = keras.ops.mean(motion(clip)[..., 0], axis=(1, 2, 3))
        return {"logits": keras.ops.stack([u, -u], axis=-1)}

    once, mirrored = (
        score_videos(by_motion, replace(source, config=with_crops(config, crops)).views(), source.videos)[0]
        for crops in (5, 10)
    )
    assert (mirrored.argmax(axis=1) == [video.label for video in source.videos.videos]).all()
    # Forward differences are not symmetric, so the mirrored views agree only nearly.
    np.testing.assert_allclose(mirrored, once, atol=0.2 * np.abs(once).max())


def test_other_classes_than_the_runs_are_refused(finished_run, tmp_path):
    config = read_config(finished_run)
    config = replace(config, data=replace(config.data, classes=("MoveLeft", "MoveRight")))
    with pytest.raises(InputError, match="was trained on the classes MoveRight, .*the data has MoveLeft, MoveRight"):
        evaluate(config, finished_run, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_result_file_is_written_on_request(evaluation, finished_run, tmp_path, monkeypatch):
    monkeypatch.setattr(launch.evaluate, "RESULTS_DIR", tmp_path)
    measured = evaluation[1]
    path = write_result("shapes/tvnet", read_config(finished_run), measured)
    assert path == tmp_path / "shapes/tvnet-seed0.json"
    (result,) = load_results(tmp_path)
    assert result.numbers == measured.numbers and result.protocol == measured.protocol
    for name in ("tvnet", "/tvnet", "shapes/"):
        with pytest.raises(InputError, match="must be TABLE/ROW"):
            write_result(name, read_config(finished_run), measured)


def test_a_run_that_cannot_be_written_is_evaluated_elsewhere(tiny, rgb_run, tmp_path, monkeypatch, one_sentence):
    run = shutil.copytree(rgb_run, tmp_path / "run")
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    evaluate(tiny("rgb"), run, run_folder.place_in(run, str(tmp_path / "elsewhere"), "evaluation"))
    assert (tmp_path / "elsewhere/metrics.json").is_file()
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before
    # As for a user who may not write there, or on a disk that is read only.
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    with pytest.raises(InputError, match=f"--run={run} cannot be written, .* give --output_dir=FOLDER") as refusal:
        run_folder.place_in(run, "", "evaluation")
    one_sentence(str(refusal.value))


def test_a_run_that_can_be_written_has_its_evaluation_in_its_folder(rgb_run):
    assert run_folder.place_in(rgb_run, "", "evaluation") == rgb_run / "evaluation"
