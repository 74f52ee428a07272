"""A run that is tested on a part of its training list, from the training to the test list at the end."""

import pytest

from launch.evaluate import evaluate
from launch.run import run_folder, run_lists
from launch.run.data import list_source
from launch.train import train
from tvnet_keras.scoring.scores import load_scores

PART = {"validation": 0.3, "portion": 0.5}


def groups(names):
    """The groups of Moving Shapes that videos are of."""
    return {name.split("_")[2] for name in names}


@pytest.fixture(scope="module")
def run(tiny, tmp_path_factory):
    """A run that keeps one of three groups back and learns from one of the others."""
    folder = tmp_path_factory.mktemp("run") / "rgb"
    train(tiny("rgb", data=PART, train={"steps": 1}), folder)
    return folder


def test_a_run_learns_from_other_recordings_than_it_is_validated_on(run, tiny):
    kept = run_lists.read(run)
    learnt, validated = ([name for name, _ in kept[f"{subset} samples"]] for subset in ("train", "test"))
    assert len(learnt) == len(validated) == 12
    assert len(groups(learnt)) == len(groups(validated)) == 1 and groups(learnt) != groups(validated)
    training = {name for name, _ in list_source(tiny("rgb"), "train").names}
    assert {*learnt, *validated} <= training


def test_an_evaluation_is_of_the_part_unless_the_test_list_is_asked_for(run, tiny, tmp_path):
    kept = run_lists.read(run)["test samples"]
    measured = evaluate(run_folder.read_config(run), run, tmp_path / "part")
    assert list(measured.scores.video_id) == [name for name, _ in kept]
    assert load_scores(tmp_path / "part/scores.npz").header["validation"] == measured.protocol["validation"] == 0.3
    config = run_folder.read_config(run)
    config.data.validation = 0.0
    tested = evaluate(config, run, tmp_path / "test")
    assert tested.scores.video_id == tuple(name for name, _ in list_source(tiny("rgb"), "test").names)
    assert tested.protocol["validation"] == 0 and not set(tested.scores.video_id) & set(measured.scores.video_id)


def test_the_parts_are_those_of_every_seed(tiny):
    first, other = (tiny("rgb", data=PART, seed=seed) for seed in (0, 1))
    for subset in ("train", "test"):
        assert list_source(first, subset).names == list_source(other, subset).names
