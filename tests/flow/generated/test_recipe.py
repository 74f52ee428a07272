"""Recipes are files; what is in one is checked, and the pairs of one are a data set."""

import dataclasses
import json

import numpy as np
import pytest

from tvnet_keras.errors import InputError
from tvnet_keras.flow import pairs
from tvnet_keras.flow.generated.recipe import RECIPE_FILE, Recipe, read_recipe, write_recipe
from tvnet_keras.flow.generated.render import render_pair
from tvnet_keras.flow.generated.writer import write_pairs
from tvnet_keras.flow.io import known_vectors

SMALL = Recipe(pairs=21, height=32, width=40, bound=3.0)


def test_a_recipe_comes_back_and_is_not_overwritten_by_another(tmp_path):
    write_recipe(tmp_path / "new", SMALL)
    write_recipe(tmp_path / "new", SMALL)
    assert read_recipe(tmp_path / "new") == SMALL
    with pytest.raises(InputError, match="recipe of other pairs"):
        write_recipe(tmp_path / "new", dataclasses.replace(SMALL, seed=1))


@pytest.mark.parametrize(
    "change",
    [
        {"pairs": 0},
        {"height": 8},
        {"bound": float("nan")},
        {"bound": -1.0},
        {"drift": 0.9},
        {"seed": -1},
        {"bend": 11.0},
    ],
)
def test_a_number_out_of_its_range_is_refused(change):
    (name,) = change
    with pytest.raises(InputError, match=f"{name}="):
        dataclasses.replace(SMALL, **change)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", json.dumps({**dataclasses.asdict(SMALL), "pairs": "5"}), "[" * 100_000]
)
def test_a_damaged_recipe_is_one_sentence(tmp_path, text):
    (tmp_path / RECIPE_FILE).write_text(text)
    with pytest.raises(InputError, match="is not a recipe of generated pairs"):
        read_recipe(tmp_path)
    with pytest.raises(InputError, match="holds no generated pairs"):
        read_recipe(tmp_path / "absent")


def test_the_pairs_of_a_recipe_are_a_data_set_that_divides_itself(tmp_path):
    write_recipe(tmp_path, SMALL)
    training, test = (pairs.load_subset("generated", tmp_path, subset) for subset in ("train", "test"))
    assert [pair.name for pair in test] == ["0000000", "0000010", "0000020"] and len(training) == 18
    rendered = render_pair(SMALL, 10)
    np.testing.assert_array_equal(test[1].frames(), rendered.frames)
    truth = test[1].truth()
    np.testing.assert_array_equal(known_vectors(truth), rendered.known)
    np.testing.assert_array_equal(truth[rendered.known], rendered.flow[rendered.known])


def test_written_pairs_are_read_as_flyingchairs_and_a_killed_run_goes_on(tmp_path):
    recipe = dataclasses.replace(SMALL, pairs=4)
    seen = []
    write_pairs(tmp_path, recipe, workers=2, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, 4) for done in range(1, 5)]
    listed = pairs.load("flyingchairs", tmp_path)
    assert [pair.name for pair in listed] == ["00001", "00002", "00003", "00004"]
    for number, pair in enumerate(listed):
        np.testing.assert_array_equal(pair.frames(), render_pair(recipe, number).frames)
        np.testing.assert_array_equal(pair.truth(), render_pair(recipe, number).flow)
    kept = (tmp_path / "00001_flow.flo").stat().st_mtime_ns
    (tmp_path / "00002_flow.flo").unlink()
    (tmp_path / "00002_img2.ppm").write_bytes(b"")
    write_pairs(tmp_path, recipe)
    assert (tmp_path / "00001_flow.flo").stat().st_mtime_ns == kept
    np.testing.assert_array_equal(pairs.load("flyingchairs", tmp_path)[1].frames(), render_pair(recipe, 1).frames)


def test_written_pairs_are_divided_as_the_rendered_ones(tmp_path):
    write_pairs(tmp_path, dataclasses.replace(SMALL, pairs=11))
    for subset in ("train", "test"):
        rendered, written = (pairs.load_subset(name, tmp_path, subset) for name in ("generated", "flyingchairs"))
        assert [int(pair.name) - 1 for pair in written] == [int(pair.name) for pair in rendered]
