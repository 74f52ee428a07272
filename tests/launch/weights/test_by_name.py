"""Weights find the weights of their names: any option of representation_flow started from any other."""

import re

import keras
import numpy as np
import pytest

from launch.run.config import new_config
from launch.run.model import build_model
from launch.weights.by_name import match, named_layers, weight_values
from launch.weights.files import read_weights
from launch.weights.init_from import initialise
from tvnet_keras.errors import InputError

QUICK = {"depth": 10, "width": 2, "bottleneck": 2, "iterations": 1, "dropout": 0.0}
DATA = {"frames": 8, "height": 16, "width": 16}
CLIPS = "resnet2plus1d"

GRID = {
    "none": {"place": "none"},
    "none-18": {"place": "none", "depth": 18},
    "none-clips": {"place": "none", "backbone": CLIPS},
    "input": {"place": "input"},
    "input-fcf-late": {"place": "input", "flows": "fcf", "fusion": "late"},
    "input-clips": {"place": "input", "backbone": CLIPS, "fusion": "residual"},
    "conv1-residual": {"place": "conv1", "fusion": "residual"},
    "conv1-fof-concat-18": {"place": "conv1", "flows": "fof", "fusion": "concat", "depth": 18},
    "block1": {"place": "block1"},
    "block1-fcfcf-18": {"place": "block1", "flows": "fcfcf", "depth": 18},
    "block1-fcf-clips": {"place": "block1", "flows": "fcf", "backbone": CLIPS, "non_local": ("block3",)},
    "block3-late": {"place": "block3", "fusion": "late"},
    "block3-fcf-residual": {"place": "block3", "flows": "fcf", "fusion": "residual", "non_local": ("block2",)},
    "block3-concat-clips-18": {"place": "block3", "fusion": "concat", "backbone": CLIPS, "depth": 18},
}

UNTOUCHED = -1.0


def config_of(name, start=""):
    config = new_config("representation_flow", "ucf101", model={**QUICK, **GRID[name]}, data=DATA)
    config.init_from = str(start)
    return config


def name_of(weight):
    """From Keras's path, without the model's name and those of the wrappers around a convolution of every step."""
    path = weight.path.removeprefix("representation_flow_classifier/")
    return re.sub(r"(restore|convolution_\d)(_per_step)?/(?=\1/)", "", path)


def by_path(model):
    return {name_of(weight): weight for weight in model.weights}


def fill(model, value_of):
    for name, weight in by_path(model).items():
        weight.assign(np.full(weight.shape, value_of(name), "float32"))


@pytest.fixture(scope="module")
def networks():
    return {name: build_model(config_of(name), 3) for name in GRID}


@pytest.fixture(scope="module")
def marks(networks):
    """A number for every name."""
    names = sorted({name for model in networks.values() for name in by_path(model)})
    return {name: float(number) for number, name in enumerate(names, start=1)}


@pytest.fixture(scope="module")
def files(networks, marks, tmp_path_factory):
    folder = tmp_path_factory.mktemp("marked")
    for name, model in networks.items():
        fill(model, marks.get)
        model.save_weights(folder / f"{name}.weights.h5")
    return folder


@pytest.mark.parametrize("source", GRID)
def test_exactly_the_same_named_weights_of_the_same_shapes_are_taken(networks, marks, files, source):
    there = {name: weight.shape for name, weight in by_path(networks[source]).items()}
    values = read_weights(files / f"{source}.weights.h5")
    for target, model in networks.items():
        fill(model, lambda name: UNTOUCHED)
        taken = match(model, values)
        taken.apply()
        expected = {
            name: marks[name] if there.get(name) == weight.shape else UNTOUCHED
            for name, weight in by_path(model).items()
        }
        found = {name: keras.ops.convert_to_numpy(weight) for name, weight in by_path(model).items()}
        wrong = [name for name, value in found.items() if (value != expected[name]).any()]
        assert not wrong, f"{source} -> {target}: {wrong}"
        assert sorted(taken.taken) == sorted(name for name, mark in expected.items() if mark != UNTOUCHED)


def test_a_network_cut_in_two_starts_from_the_whole_one(networks, marks, files):
    model = networks["block1"]
    fill(model, lambda name: UNTOUCHED)
    said = initialise(model, config_of("block1", files / "none.weights.h5"))
    flow = [name for name in by_path(model) if name.startswith(("flow/", "restore/"))]
    taken = [name for name, weight in by_path(model).items() if (weight == marks[name]).numpy().all()]
    assert sorted(taken + flow) == sorted(by_path(model))
    assert f"{len(taken)} of {len(taken + flow)} weights taken" in said
    assert f"left as they were: {len(flow)} in flow, flow/reduce, restore" in said
    assert "not used" not in said and "another shape" not in said


@pytest.mark.parametrize("name", GRID)
def test_a_file_and_the_model_itself_agree_on_the_names(networks, marks, files, name):
    model = networks[name]
    assert sorted(weight_values(model)) == sorted(by_path(model))
    found = match(model, read_weights(files / f"{name}.weights.h5"))
    assert not found.difference() and sorted(found.taken) == sorted(by_path(model))


def test_the_report_counts_and_names_the_first_layers(networks):
    found = match(networks["none"], weight_values(networks["none-18"]))
    lines = found.report().splitlines()
    assert lines[0] == f"{len(found.taken)} of {len(found.taken)} weights taken by the names of their layers."
    assert lines[1].startswith(f"  not used of the source: {len(found.unused)} in layer1_1_conv1_conv, ")
    assert lines[1].endswith(" and 6 more layers") and lines[1].count(",") == 9 and len(lines) == 2
    found = match(networks["none-18"], weight_values(networks["none"]))
    assert f"  left as they were: {len(found.left)} in layer1_1_conv1_conv, " in found.report()


def small(units, **options):
    layers = [keras.layers.Dense(3, name="first"), keras.layers.BatchNormalization(name="norm", **options)]
    return keras.Sequential([keras.Input((2,)), *layers, keras.layers.Dense(units, name="last")])


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (small(4), ""),
        (small(5), r"last/kernel is (3, 5) there and (3, 4) in the network"),
        (keras.Sequential(small(4).layers[:2]), "the network's last/kernel is not in it"),
        (keras.Sequential([*small(4).layers, keras.layers.Dense(1, name="more")]), "the network has no more/"),
    ],
)
def test_the_first_difference_is_named(source, said, tmp_path):
    source.build((None, 2))
    source.save_weights(tmp_path / "source.weights.h5")
    for values in (weight_values(source), read_weights(tmp_path / "source.weights.h5")):
        difference = match(small(4), values).difference()
        assert difference.startswith(said) and bool(difference) == bool(said)


def test_numbers_of_a_layer_with_fewer_weights_are_not_taken_for_its_names(tmp_path):
    # Without gamma, number 0 is beta.
    small(4, scale=False).save_weights(tmp_path / "source.weights.h5")
    found = match(small(4), read_weights(tmp_path / "source.weights.h5"))
    assert sorted(found.left) == [f"norm/{name}" for name in ("beta", "gamma", "moving_mean", "moving_variance")]
    assert sorted(found.unused) == ["norm/0", "norm/1", "norm/2"]


def test_nothing_changes_before_it_is_applied():
    source, target = small(4), small(4)
    before = weight_values(target)
    found = match(target, weight_values(source))
    np.testing.assert_equal(weight_values(target), before)
    found.apply()
    np.testing.assert_equal(weight_values(target), weight_values(source))


def test_two_layers_of_one_name_are_refused(tmp_path):
    inner = [keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, name="same")], name=name) for name in "ab"]
    model = keras.Sequential([keras.Input((2,)), *inner])
    with pytest.raises(ValueError, match="two called 'same'"):
        named_layers(model)
    model.save_weights(tmp_path / "model.weights.h5")
    with pytest.raises(InputError, match="holds two weights called same/0"):
        read_weights(tmp_path / "model.weights.h5")
