"""`launch.prepare --generate_pairs`: a recipe that the data set `generated` reads, and FlyingChairs-like files."""

import numpy as np
import pytest

from tvnet_keras.flow import pairs
from tvnet_keras.flow.generated.recipe import Recipe, read_recipe


def test_a_recipe_is_written_as_the_flags_say(launcher, tmp_path):
    outcome = launcher(
        "prepare",
        f"--generate_pairs={tmp_path}/pairs",
        *("--pairs=12", "--size=32,48", "--bound=5", "--seed=3"),
        *("--objects=2", "--bend=0.5", "--noise=1", "--drift=0.01"),
    )
    assert outcome.code == 0, outcome.error
    assert read_recipe(tmp_path / "pairs") == Recipe(
        pairs=12, height=32, width=48, bound=5.0, seed=3, objects=2, bend=0.5, noise=1.0, drift=0.01
    )
    assert [pair.name for pair in pairs.load_subset("generated", tmp_path / "pairs", "test")] == ["0000000", "0000010"]


def test_files_are_those_of_the_recipe(launcher, tmp_path):
    outcome = launcher("prepare", f"--generate_pairs={tmp_path}/pairs", "--pairs=3", "--size=32,48", "--files")
    assert outcome.code == 0, outcome.error
    written = pairs.load("flyingchairs", tmp_path / "pairs")
    rendered = pairs.load("generated", tmp_path / "pairs")
    for one, other in zip(written, rendered, strict=True):
        np.testing.assert_array_equal(one.frames(), other.frames())


def test_flow_is_measured_on_generated_pairs(launcher, tmp_path):
    assert launcher("prepare", f"--generate_pairs={tmp_path}/pairs", "--pairs=2", "--size=64,96", "--bound=3").code == 0
    outcome = launcher(
        "flow",
        *("--solver=dis", "--dataset=generated", f"--data_dir={tmp_path}/pairs", f"--output_dir={tmp_path}/flow"),
    )
    assert outcome.code == 0, outcome.error


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (("--bound=-1",), "bound=-1.0"),
        (("--pairs=0",), "pairs=0"),
        (("--size=32",), "--size must be HEIGHT,WIDTH"),
        (("--size=8,48",), "height=8"),
        (("--pictures={folder}",), "no folder with pictures"),
        (("--check",), "Give one of"),
    ],
)
def test_a_wrong_flag_is_one_sentence_and_nothing_is_written(launcher, tmp_path, flags, sentence):
    (tmp_path / "empty").mkdir()
    flags = [flag.format(folder=tmp_path / "empty") for flag in flags]
    assert sentence in launcher("prepare", f"--generate_pairs={tmp_path}/pairs", *flags).sentence()
    assert not (tmp_path / "pairs").exists()
