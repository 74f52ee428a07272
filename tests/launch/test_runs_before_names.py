"""Runs that were trained before every layer had a name of its own: they load, start others and go on."""

import re
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from launch.run import run_folder
from launch.run.config import new_config
from launch.run.model import build_model, load_run
from launch.train import train
from launch.weights.by_name import match, named_layers, weight_values
from launch.weights.files import read_weights
from launch.weights.init_from import initialise
from models.encoders import inception_v3
from tvnet_keras.errors import InputError
from tvnet_keras.video.moving_shapes.writer import write_dataset

RUNS = Path(__file__).parent / "fixtures" / "runs_before_names"
STOPPED = "representation_flow"
"""The run whose checkpoint of step 2 of 3 is there."""

SIZE = 32

every_run = pytest.mark.parametrize("run", sorted(path.name for path in RUNS.iterdir()))


def logits(model, frames):
    clip = np.random.default_rng(7).integers(0, 256, (2, frames, SIZE, SIZE, 3)).astype("uint8")
    return keras.ops.convert_to_numpy(model(clip)["logits"])


def test_every_method_has_one():
    methods = {run_folder.read(path)["config"]["method"] for path in RUNS.iterdir()}
    assert methods == {"representation_flow", "rgb", "tvnet"}


@every_run
def test_it_loads_and_gives_the_logits_of_its_time(run):
    config, model, _ = load_run(RUNS / run)
    expected = np.load(RUNS / run / "expected.npz")["logits"]
    np.testing.assert_allclose(logits(model, config.data.frames), expected, atol=1e-5)


@every_run
def test_another_run_starts_from_it(run):
    config, model, class_names = load_run(RUNS / run)
    config.init_from, config.seed = str(RUNS / run), 5
    keras.utils.set_random_seed(5)
    fresh = build_model(config, len(class_names))
    said = initialise(fresh, config)
    assert f"{len(model.weights)} of {len(model.weights)} weights taken" in said
    np.testing.assert_equal(weight_values(fresh), weight_values(model))


@pytest.mark.slow
def test_inception_loads_a_file_of_when_keras_counted_its_layers(tmp_path, monkeypatch):
    options = {"model": {"backbone": "inception_v3"}, "data": {"height": 75, "width": 75}}
    config = new_config("rgb", "ucf101", **options)
    with monkeypatch.context() as before:
        before.setattr(inception_v3, "_named", lambda network: network)
        keras.layers.Conv2D(1, 1)  # So that its first convolution is not number 0.
        old = build_model(config, 3)
    assert {re.sub(r"_\d+$", "", layer.name) for layer in named_layers(old).values()} == {
        "conv2d",
        "batch_normalization",
        "logits",
    }
    old.save_weights(tmp_path / "old.weights.h5")
    new = build_model(config, 3)
    found = match(new, read_weights(tmp_path / "old.weights.h5"))
    assert not found.difference()
    found.apply()
    clip = np.random.default_rng(0).random((1, 1, 75, 75, 3), dtype="float32")
    np.testing.assert_allclose(new(clip)["logits"], old(clip)["logits"], atol=1e-5)


def copy_of_the_stopped_run(tmp_path):
    folder = shutil.copytree(RUNS / STOPPED, tmp_path / "run")
    content = run_folder.read(folder)
    content["config"]["data"]["root"] = str(tmp_path / "data")
    run_folder.write(folder, content)
    (folder / run_folder.WEIGHTS_FILE).unlink()
    write_dataset(tmp_path / "data", train_groups=1, test_groups=1, frames=8, size=(SIZE, SIZE))
    return folder


def test_a_checkpoint_goes_on_to_the_weights_of_its_time(tmp_path, capsys):
    folder = copy_of_the_stopped_run(tmp_path)
    train(run_folder.read_config(folder), folder)
    assert "going on from step 2" in capsys.readouterr().out
    expected, found = (weight_values(load_run(path)[1]) for path in (RUNS / STOPPED, folder))
    for name, value in expected.items():
        # The third step's clips are videos, which another machine may encode a little differently.
        np.testing.assert_allclose(found[name], value, atol=2e-3, err_msg=name)


def test_a_checkpoint_that_does_not_fit_is_refused(tmp_path, one_sentence, monkeypatch):
    folder = copy_of_the_stopped_run(tmp_path)
    config = run_folder.read_config(folder)
    content = run_folder.read(folder)
    content["config"]["model"]["flows"] = config.model.flows = "fof"
    run_folder.write(folder, content)
    with pytest.raises(InputError, match="ckpt-2 is damaged or was written by a version of the program") as refusal:
        train(config, folder)
    one_sentence(str(refusal.value))
