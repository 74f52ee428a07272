"""The table of TVNets that learn on generated pairs: nothing that is measured was learned."""

import dataclasses
import shutil

import pytest

from launch.run import run_lists
from launch.run.config import check, from_dict
from launch.tables import table_module
from launch.tables.parts.stored import run_folder_of
from launch.tables.tvnet.generated import SMALL
from launch.tables.tvnet.parts import unseen_pairs
from launch.tables.tvnet.parts.unseen_pairs import HELD_OUT, PICTURES, PROCEDURAL, Learning, learning_cell
from tests.launch.pairs_on_disk import write_chairs, write_pairs, write_sintel
from tvnet_keras.errors import InputError
from tvnet_keras.flow.generated.recipe import read_recipe

TRAINED, TESTED = "v_ApplyEyeMakeup_g08_c01", "v_ApplyEyeMakeup_g01_c01"
TINY = dataclasses.replace(PICTURES, pairs=12, height=48, width=64, bound=3.0)


@pytest.fixture
def data(shapes, tmp_path):
    """A folder of all sets, UCF101 with one video on either list."""
    films = sorted((shapes / "videos/MoveRight").glob("*.avi"))
    videos = tmp_path / "data/ucf101/UCF-101/ApplyEyeMakeup"
    videos.mkdir(parents=True)
    for film, name in zip(films, (TRAINED, TESTED), strict=False):
        shutil.copy(film, videos / f"{name}.avi")
    lists = tmp_path / "data/ucf101"
    (lists / "classInd.txt").write_text("1 ApplyEyeMakeup\n")
    (lists / "trainlist01.txt").write_text(f"ApplyEyeMakeup/{TRAINED}.avi 1\n")
    (lists / "testlist01.txt").write_text(f"ApplyEyeMakeup/{TESTED}.avi\n")
    write_pairs(tmp_path / "data/middlebury")
    write_chairs(tmp_path / "data/flyingchairs")
    write_sintel(tmp_path / "data/sintel")
    return tmp_path / "data"


@pytest.fixture
def tiny(monkeypatch):
    """A network and pairs of seconds."""
    monkeypatch.setattr(unseen_pairs, "HELD_OUT", {"epe": dataclasses.replace(TINY, seed=1)})
    data = {"height": 32, "width": 48}
    config = Learning.config

    def smaller(self, root, seed=0):
        made = config(self, root, seed)
        return dataclasses.replace(made, data=dataclasses.replace(made.data, **data))

    monkeypatch.setattr(Learning, "config", smaller)
    return Learning((1, 1, 2), TINY, steps=2)


def test_configurations_of_all_rows_are_valid_and_differ():
    cells = table_module("tvnet_generated").cells()
    for cell in cells:
        check(from_dict({key: value for key, value in cell.config.items() if key != "recipe"}))
    configs = [cell.config for cell in cells]
    assert all(configs.count(config) == 1 for config in configs)


def test_pairs_that_are_measured_have_another_seed_than_those_that_are_learned():
    learned = {(recipe.seed, bool(recipe.pictures)) for recipe in (PICTURES, PROCEDURAL)}
    assert not learned & {(recipe.seed, bool(recipe.pictures)) for recipe in HELD_OUT.values()}


def test_a_cell_learns_on_generated_pairs_alone_and_is_measured_on_all_sets(data, tiny, tmp_path):
    weights = tmp_path / "runs/tiny-seed0.weights.h5"
    cell = learning_cell("tiny", tiny)
    numbers = cell.run(str(data), 0, weights).numbers
    assert set(numbers) == {"epe", "sintel", "flyingchairs", "middlebury", "ucf101"}
    assert {name for name, _ in run_lists.read(run_folder_of(weights))["train samples"]} == {
        f"{number:07d}" for number in range(12) if number % 10
    }
    # The layers of the pairs are cut from videos of the training list, never from one that is measured.
    assert [path.stem for path in (tmp_path / "runs/pictures").iterdir()] == [TRAINED]
    recipe = read_recipe(tmp_path / "runs/pictures-pairs-12-seed0")
    assert recipe == dataclasses.replace(TINY, pictures=str(tmp_path / "runs/pictures"))


def test_sets_that_are_absent_are_left_out_and_videos_are_needed(data, tiny, tmp_path):
    shutil.rmtree(data / "sintel")
    untrained = learning_cell("untrained", dataclasses.replace(tiny, steps=0))
    assert "sintel" not in untrained.run(str(data), 0, tmp_path / "runs/a.weights.h5").numbers
    shutil.rmtree(data / "ucf101/UCF-101")
    with pytest.raises(InputError, match="ucf101"):
        untrained.run(str(data), 0, tmp_path / "runs/b.weights.h5")


def test_options_of_a_row_are_those_of_the_network():
    model = Learning(SMALL, options={"theta": 0.3}).config("pairs").model
    assert (model.scales, model.warps, model.iterations, model.theta) == (*SMALL, 0.3)
