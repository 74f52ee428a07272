import json
import os
import signal
import subprocess
import time

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorboard.plugins.hparams import plugin_data_pb2

import models.tvnet
from launch.run import run_folder
from launch.run.finite_guard import FiniteGuard
from launch.run.model import build_model, load_run
from launch.run.monitor import Monitor
from launch.train import train
from models.rgb import RGBClassifier
from tests.launch.interruption import interrupted
from tests.launch.logs import tensorboard
from tvnet_keras.errors import InputError


def folder_content(folder):
    """Every file below a folder with its bytes."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_run_leaves_its_record(finished_run, tiny):
    run = json.loads((finished_run / "run.json").read_text())
    assert {"command", "config", "seed", "commit", "versions", "machine", "results", "class_names"} <= set(run)
    assert run_folder.read_config(finished_run) == tiny()
    assert {"python", "keras", "numpy", "av"} <= set(run["versions"])
    assert run["class_names"][0] == "MoveRight" and len(run["class_names"]) == 12
    results = run["results"]
    assert 0 <= results["validation_top1"] <= 1 and results["first_step_s"] > 0
    assert results["loss"] == pytest.approx(results["class"] + results["energy"], rel=1e-4)


def test_a_run_leaves_weights_model_and_checkpoints(finished_run, shapes):
    model = keras.saving.load_model(finished_run / "model.keras")
    clip = np.random.default_rng(0).integers(0, 256, (1, 6, 32, 32, 3), dtype="uint8")
    logits = keras.ops.convert_to_numpy(model(clip)["logits"])
    model.load_weights(finished_run / "model.weights.h5")
    np.testing.assert_allclose(model(clip)["logits"], logits, atol=1e-6)
    assert tf.train.latest_checkpoint(finished_run / "checkpoints").endswith("ckpt-4")


def test_tensorboard_shows_what_the_run_did(finished_run, tiny):
    logs = tensorboard(finished_run)
    tags = set(logs.Tags()["tensors"])
    assert {f"train/{name}" for name in ("loss", "class", "energy", "accuracy", "flow_magnitude")} <= tags
    assert {"learning_rate/classifier", "learning_rate/tvnet", "frame", "flow"} <= tags
    assert {"validation/validation_top1", "validation/validation_epe"} <= tags
    assert [event.step for event in logs.Tensors("train/loss")] == [1, 2, 3, 4]
    rates = [
        tf.make_ndarray(logs.Tensors(f"learning_rate/{group}")[-1].tensor_proto) for group in ("tvnet", "classifier")
    ]
    assert rates[1] == pytest.approx(tiny().train.lr) and rates[0] == pytest.approx(rates[1] / 255)
    width, height, *pictures = tf.make_ndarray(logs.Tensors("flow")[0].tensor_proto).tolist()
    assert (width, height) == (b"32", b"32") and len(pictures) == 4
    assert tf.io.decode_png(pictures[0]).shape == (32, 32, 3)


def test_tensorboard_shows_configuration_and_hyper_parameters(finished_run, tiny):
    logs = tensorboard(finished_run)
    (text,) = tf.make_ndarray(logs.Tensors("configuration")[0].tensor_proto).ravel()
    for row in (
        "| method | `tvnet` |",
        "| train.lr | `0.001` |",
        "| model.learn | `u0,kernels` |",
        "| data.flip | `True` |",
        "| init_from |  |",
    ):
        assert row in text.decode()
    content = logs.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    values = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info.hparams
    assert values["train.lr"].number_value == tiny().train.lr and values["data.flip"].bool_value
    assert values["method"].string_value == "tvnet" and values["model.learn"].string_value == "u0,kernels"


def test_a_picture_of_flow_is_not_paled_by_an_outlier(tiny, tmp_path):
    monitor = Monitor(tmp_path, tiny().train, None, {}, 0)
    # To the right by a tenth of a pixel, to the left by ten pixels, and an outlier in both.
    flow = np.zeros((2, 1, 32, 32, 2), "float32")
    flow[0, ..., 0], flow[1, ..., 0] = 0.1, -10
    flow[:, :, 0, 0] = 1e4
    monitor.pictures(1, np.zeros((2, 2, 32, 32, 3), "uint8"), {"flow": flow})
    _, _, *pictures = tf.make_ndarray(tensorboard(tmp_path).Tensors("flow")[0].tensor_proto).tolist()
    right, left = (tf.io.decode_png(picture).numpy()[16, 16].tolist() for picture in pictures)
    assert right == [255, 0, 0] and left[0] < 10 and left[2] > 200


def test_a_flow_of_fewer_steps_than_the_clip_is_drawn_too(tiny, tmp_path):
    # Networks that convolve in time, and flow of flow, leave one step of eight.
    monitor = Monitor(tmp_path, tiny().train, None, {}, 0)
    monitor.pictures(1, np.zeros((2, 8, 32, 32, 3), "uint8"), {"feature_flow": np.ones((2, 1, 4, 16, 2), "float32")})
    width, height, *pictures = tf.make_ndarray(tensorboard(tmp_path).Tensors("feature_flow")[0].tensor_proto).tolist()
    assert (width, height, len(pictures)) == (b"16", b"4", 2)


def test_training_learns_the_motion(tiny, tmp_path):
    # Four motions; the clips of a group look the same, so only their motion can tell them apart.
    names = ("MoveRight", "MoveLeft", "MoveUp", "MoveDown")
    config = tiny(data={"classes": names}, train={"steps": 60, "batch_size": 12, "lr": 1e-2, "log_every": 20})
    results = train(config, tmp_path / "run")
    assert results["accuracy"] >= 0.9
    assert results["validation_top1"] >= 0.75


def test_tsns_recipe_reaches_the_run(tiny, tmp_path):
    data = {"crop": "corner", "crop_ratios": (1.0, 0.5), "crop_places": 13, "segments": 3}
    # A rate of zero shows whose rate it is.
    config = tiny("rgb", model={"batch_norm": "partial", "first_conv_rate": 0.0}, data=data, train={"steps": 2})
    train(config, tmp_path)
    found, model, _ = load_run(tmp_path)
    assert found == config
    keras.utils.set_random_seed(config.seed)
    fresh = build_model(config, 12)
    changed = {new.path for new, old in zip(model.weights, fresh.weights, strict=True) if np.any(new - old)}
    norms = {f"input_norm/{name}" for name in ("gamma", "beta", "moving_mean", "moving_variance")}
    kernels = {f"stage{stage}_conv/kernel" for stage in (1, 2, 3)}
    assert changed == norms | kernels | {"logits/kernel", "logits/bias"}
    assert "learning_rate/stage0_conv" in tensorboard(tmp_path).Tags()["tensors"]


def test_a_finished_run_is_not_trained_again(tiny, tmp_path, monkeypatch):
    config = tiny("rgb", train={"steps": 2})
    first = train(config, tmp_path)
    monkeypatch.setattr("launch.train.TrainStep.__call__", None)  # a further step would fail
    second = train(config, tmp_path)
    assert second == first


@pytest.mark.slow
def test_a_run_goes_on_where_it_stopped(tiny, tmp_path):
    # Dropout too: its masks go on, they do not start again.
    config = tiny(model={"dropout": 0.5}, train={"steps": 6, "checkpoint_every": 3})
    whole = train(config, tmp_path / "whole")
    interrupted(config, tmp_path / "halves", steps=4)
    assert tf.train.latest_checkpoint(tmp_path / "halves/checkpoints").endswith("ckpt-3")
    resumed = train(config, tmp_path / "halves")
    for name in ("loss", "class", "energy", "gradient_norm", "flow_magnitude", "validation_top1"):
        assert resumed[name] == pytest.approx(whole[name], rel=1e-3), name


@pytest.mark.slow
def test_a_killed_process_goes_on_with_the_same_command(command, overrides, repository, tmp_path, launcher, tiny):
    folder = tmp_path / "run"
    # More steps than it will reach; it is killed as soon as a checkpoint is there.
    sections = {"train": {"steps": 120, "checkpoint_every": 5, "log_every": 100}}
    arguments = [*overrides("rgb", **sections), f"--config.data.root={tiny().data.root}", f"--output_dir={folder}"]
    with open(tmp_path / "log", "w") as log:
        process = subprocess.Popen(command("train", *arguments), cwd=repository, stdout=log, stderr=log)
        wait_for(lambda: list(folder.glob("checkpoints/ckpt-*.index")), process, seconds=120)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert not (folder / "model.weights.h5").exists()
    outcome = launcher("train", *arguments)
    assert outcome.code == 0, outcome.error
    start = int(outcome.out.split("going on from step ")[1].split()[0])
    assert start % 5 == 0 and 0 < start < 120
    assert tf.train.latest_checkpoint(folder / "checkpoints").endswith("ckpt-120")
    run = run_folder.read(folder)
    assert run["command"].startswith("python") and f"--output_dir={folder}" in run["command"]
    assert run["results"]["validation_top1"] <= 1


def wait_for(condition, process, seconds):
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, "the process ended by itself"
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_run_of_another_configuration_is_refused(finished_run, tiny):
    before = folder_content(finished_run)
    with pytest.raises(InputError, match="--config.train.lr was 0.001, is 0.5.*choose another folder"):
        train(tiny(train={"lr": 0.5}), finished_run)
    assert folder_content(finished_run) == before


def test_a_folder_of_other_files_is_refused(tiny, tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(InputError, match="is not empty and holds no run"):
        train(tiny(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_start_that_failed_on_its_data_does_not_block_the_folder(tiny, tmp_path):
    with pytest.raises(InputError, match="nowhere"):
        train(tiny("rgb", data={"root": str(tmp_path / "nowhere")}), tmp_path / "run")
    config = tiny("rgb", train={"steps": 1})
    train(config, tmp_path / "run")
    assert run_folder.read_config(tmp_path / "run") == config


def test_a_folder_that_cannot_be_written_is_refused(tiny, tmp_path):
    (tmp_path / "file.txt").write_text("")
    with pytest.raises(InputError, match=r"Cannot write .*file\.txt"):
        train(tiny(), tmp_path / "file.txt" / "run")


def test_a_loss_that_is_not_finite_stops_with_its_likely_cause(tiny, tmp_path, monkeypatch, one_sentence):
    config = tiny(train={"steps": 9, "checkpoint_every": 1})
    calls = tf.Variable(0)
    right = models.tvnet.objective

    def spoilt(options, batch, outputs):
        factor = tf.where(calls.assign_add(1) > 3, np.float32("nan"), 1.0)
        return {name: factor * term for name, term in right(options, batch, outputs).items()}

    monkeypatch.setattr(models.tvnet, "objective", spoilt)
    with pytest.raises(InputError, match="stopped at step 4 because .*loss.* not finite.*--config.train.lr") as refusal:
        train(config, tmp_path)
    one_sentence(str(refusal.value))
    latest = tf.train.latest_checkpoint(tmp_path / "checkpoints")
    assert latest.endswith("ckpt-3")
    values = [tf.train.load_variable(latest, name) for name, _ in tf.train.list_variables(latest) if "model/" in name]
    assert all(np.isfinite(value).all() for value in values)


def test_a_rate_out_of_all_proportion_stops(tiny, tmp_path):
    config = tiny(train={"steps": 6, "lr": 1e30, "optimizer": "sgd"})
    with pytest.raises(InputError, match="not finite.*learning rate is likely too high"):
        train(config, tmp_path)


@pytest.mark.parametrize(
    ("lr", "said"),
    [(3e38, "at step 1 because its update made .* not finite"), (1e30, "made the network's logits of test clips not")],
)
def test_the_last_update_is_looked_at_too(tiny, tmp_path, lr, said, one_sentence):
    config = tiny("rgb", train={"steps": 1, "lr": lr, "optimizer": "sgd", "clip_norm": 0.0})
    with pytest.raises(InputError, match=f"{said}.*learning rate is likely too high") as refusal:
        train(config, tmp_path)
    one_sentence(str(refusal.value))
    assert not (tmp_path / "model.weights.h5").exists()


@pytest.mark.parametrize("what", ["weights", "what batch norm remembers", "the running average", "the momentum"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nothing_that_is_kept_may_be_infinite(tiny, what, value):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.BatchNormalization()])
    optimizer = keras.optimizers.SGD(momentum=0.9, use_ema=True)
    optimizer.build(model.trainable_variables)
    guard, kept = FiniteGuard(tiny("rgb")), (*model.variables, *optimizer.variables)
    guard.require_state(7, kept)
    spoilt = {
        "weights": model.trainable_variables[0],
        "what batch norm remembers": model.non_trainable_variables[-1],
        "the running average": optimizer._model_variables_moving_average[1],
        "the momentum": optimizer.momentums[0],
    }[what]
    spoilt.assign(np.full(spoilt.shape, value))
    with pytest.raises(InputError, match=f"stopped at step 7 because its update made {spoilt.path} not finite"):
        guard.require_state(7, kept)


def test_segments_train_the_mean_of_their_logits(tiny, tmp_path):
    results = train(tiny(data={"segments": 3}, train={"steps": 2, "batch_size": 4}), tmp_path)
    assert np.isfinite(results["loss"]) and results["flow_magnitude"] > 0


def test_a_profile_and_the_graph_are_written_on_request(tiny, tmp_path):
    train(tiny("rgb", train={"steps": 7}), tmp_path, profile=True)
    assert list((tmp_path / "logs").rglob("*.xplane.pb"))
    graph = tensorboard(tmp_path).Tensors("step")[0].tensor_proto.string_val[0]
    assert b"conv" in graph.lower()


def test_a_batch_must_divide(tiny, tmp_path):
    class TwoReplicas:
        num_replicas_in_sync = 2

    with pytest.raises(InputError, match="batch_size=9 must be a multiple of 6, the 2 replicas times .*accumulate=3"):
        train(tiny(train={"batch_size": 9, "accumulate": 3}), tmp_path, TwoReplicas())


def test_an_impossible_network_is_refused(tiny, tmp_path):
    with pytest.raises(InputError, match="inception_v3 needs at least 75 x 75"):
        train(tiny("rgb", model={"backbone": "inception_v3"}), tmp_path / "small")
    with pytest.raises(InputError, match="Did you mean 'resnet18'"):
        train(tiny("rgb", model={"backbone": "resnet81"}), tmp_path / "misspelt")
    with pytest.raises(InputError, match="learn.*'kernel'.*Did you mean 'kernels'"):
        train(tiny(model={"learn": ("kernel",)}), tmp_path / "learn")


def test_the_seed_decides_the_run(tiny, tmp_path):
    first, second, other = (
        train(tiny("rgb", seed=seed, train={"steps": 1}), tmp_path / name)
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert first["loss"] == pytest.approx(second["loss"], rel=1e-4)
    assert first["loss"] != pytest.approx(other["loss"], rel=1e-3)


def test_the_saved_model_is_the_method(rgb_run):
    model = keras.saving.load_model(rgb_run / "model.keras")
    assert isinstance(model, RGBClassifier) and model.num_classes == 12


def test_the_running_average_is_saved_scored_and_goes_on(tiny, tmp_path):
    config = tiny("rgb", train={"steps": 6, "checkpoint_every": 3, "lr": 1e-2, "ema": 0.5})
    whole = train(config, tmp_path / "whole")
    interrupted(config, tmp_path / "halves", steps=4)
    assert train(config, tmp_path / "halves")["validation_top1"] == pytest.approx(whole["validation_top1"])
    saved = [keras.ops.convert_to_numpy(w) for w in load_run(tmp_path / "whole")[1].trainable_variables]
    resumed = load_run(tmp_path / "halves")[1].trainable_variables
    for left, right in zip(saved, resumed, strict=True):
        np.testing.assert_allclose(left, right, atol=1e-5)
    # The checkpoint, by contrast, has the weights that training goes on from.
    latest = tf.train.latest_checkpoint(tmp_path / "whole/checkpoints")
    kept = [tf.train.load_variable(latest, name) for name, _ in tf.train.list_variables(latest) if "model/" in name]
    changed = [all(np.abs(w - k).max() > 1e-5 for k in kept if k.shape == w.shape) for w in saved]
    assert all(changed)
