"""A weight file that has changed since it was written is refused wherever it is read; others pass as ever."""

import shutil

import keras
import numpy as np
import pytest

from launch.flow_report.inputs import make_solvers
from launch.run.model import load_run
from launch.run.run_folder import WEIGHTS_FILE
from launch.weights.checksum import require_whole, save_weights
from launch.weights.files import read_weights
from launch.weights.init_from import initialise
from tvnet_keras.errors import InputError
from tvnet_keras.layers.tvnet import TVNet


@pytest.fixture
def model():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, name="one"), keras.layers.Dense(2, name="two")])


@pytest.fixture
def file(model, tmp_path):
    save_weights(model, tmp_path / "model.weights.h5")
    return tmp_path / "model.weights.h5"


def flip(path, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 0x04
    path.write_bytes(content)


def test_keras_reads_such_a_file_as_ever(file, model):
    other = keras.models.clone_model(model)
    other.load_weights(file)
    for one, same in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(one, same)


def test_no_changed_byte_changes_a_weight(file, one_sentence):
    whole, content = read_weights(file), file.read_bytes()
    refused = 0
    for place in range(0, len(content), 37):
        flip(file, place)
        try:
            found = read_weights(file)
        except InputError as error:
            refused += str(file) in one_sentence(str(error))
        else:
            # The line that says where the checksum stands is no weight.
            np.testing.assert_equal(found, whole)
        file.write_bytes(content)
    assert refused > 0.99 * len(range(0, len(content), 37))


@pytest.mark.parametrize("length", [0, 5, 100, 3000, -1, -32, -40])
def test_a_file_that_was_cut_is_refused_or_whole(file, length):
    whole = read_weights(file)
    file.write_bytes(file.read_bytes()[:length])
    try:
        np.testing.assert_equal(read_weights(file), whole)
    except InputError as error:
        assert length >= 0 and "cannot be read as weights" in str(error)


def test_a_file_without_a_checksum_passes(model, tmp_path):
    model.save_weights(tmp_path / "keras.weights.h5")
    require_whole(tmp_path / "keras.weights.h5")
    assert len(read_weights(tmp_path / "keras.weights.h5")) == 4


def test_whoever_takes_a_runs_weights_looks(rgb_run, tiny, tmp_path):
    run = shutil.copytree(rgb_run, tmp_path / "run")
    _, model, _ = load_run(run)
    flip(run / WEIGHTS_FILE, 20_000)
    with pytest.raises(InputError, match="is damaged: its weights are not those that were written"):
        load_run(run)
    for source in (run, run / WEIGHTS_FILE):
        with pytest.raises(InputError, match="is damaged"):
            initialise(model, tiny("rgb", init_from=str(source)))


def test_solvers_look_at_their_weights(tmp_path):
    solver = keras.Sequential([keras.Input((2, 8, 8, 3)), TVNet(1, 1, 2)])
    save_weights(solver, tmp_path / "model.weights.h5")
    make_solvers(["tvnet-1-1-2"], weights=str(tmp_path))
    flip(tmp_path / "model.weights.h5", 3000)
    with pytest.raises(InputError, match="is damaged"):
        make_solvers(["tvnet-1-1-2"], weights=str(tmp_path))
