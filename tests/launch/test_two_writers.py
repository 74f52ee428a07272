"""Whoever writes a folder writes it alone: the second is refused before it has done anything."""

import os
from pathlib import Path

import numpy as np
import pytest

from launch.evaluate import evaluate
from launch.export import export
from launch.flow_report.comparison import PairProtocol, compare
from launch.run import run_folder
from launch.run.video_source import VideoSource
from launch.tables import Cell
from launch.tables.parts.computing import reproduce
from launch.train import train
from tvnet_keras.errors import InputError
from tvnet_keras.flow.pairs import Pair
from tvnet_keras.one_writer import only_writer
from tvnet_keras.video import Video, VideoList, write_cache
from tvnet_keras.video.moving_shapes.writer import write_dataset

PAIR = Pair("move", lambda: np.zeros((2, 32, 32, 3), np.uint8))


def cell_of(folder, tiny):
    cell = Cell("row", None, "epe", {}, {}, lambda *given: None, minutes=0.0)
    reproduce([cell], "table", "data", (0,), folder / "results", folder.parent)


WRITERS = {
    "train": lambda folder, tiny: train(tiny(), folder),
    "evaluate": lambda folder, tiny: evaluate(tiny(), Path("no run"), folder),
    "flow": lambda folder, tiny: compare([PAIR], {"zero": lambda frames: frames[0]}, folder, PairProtocol(), {}),
    "Moving Shapes": lambda folder, tiny: write_dataset(folder),
    "cache": lambda folder, tiny: write_cache(VideoList((Video("no.avi", 0, "no"),), ("a",)), folder),
    "export": lambda folder, tiny: export(Path("no run"), folder),
    "reproduce": cell_of,
}
BESIDE = {"export": "export", "reproduce": "table/row-seed0.weights.h5"}
"""Whose lock stands beside what they write: that, in the folder's parent."""


@pytest.mark.parametrize("writer", WRITERS)
def test_every_writer_of_a_folder_is_refused_while_another_has_it(tiny, tmp_path, writer, one_sentence):
    folder = tmp_path / "export"
    with only_writer(tmp_path / BESIDE.get(writer, "export"), beside=writer in BESIDE):
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(InputError, match=f"is being written by process {os.getpid()} on .* since ") as refusal:
            WRITERS[writer](folder, tiny)
        one_sentence(str(refusal.value))
        assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("named", ["train", "predict", pytest.param("demo", marks=pytest.mark.slow)])
def test_a_launcher_that_is_refused_ends_with_code_2(launcher, overrides, tiny, tmp_path, named):
    folder, run = tmp_path / "folder", tmp_path / "run"
    run_folder.claim(run, tiny())
    flags = {
        "train": [*overrides(), f"--output_dir={folder}"],
        "predict": [f"--run={run}", f"--flow_dir={folder}", "a.avi"],
        "demo": [f"--output_dir={folder}"],
    }
    with only_writer(folder):
        sentence = launcher(named, *flags[named]).sentence()
    assert f"{folder} is being written by process {os.getpid()} on " in sentence
    assert not folder.exists()


@pytest.fixture
def while_checking(monkeypatch):
    """Does something once, in the moment in which a training checks its videos."""

    def put(action):
        scanned, left = VideoSource.scanned, [action]

        def interfering(self, **options):
            if left:
                left.pop()()
            return scanned(self, **options)

        monkeypatch.setattr(VideoSource, "scanned", interfering)

    return put


def test_a_second_configuration_does_not_take_over_a_run_that_still_checks_its_videos(tiny, tmp_path, while_checking):
    first, second = (tiny("rgb", seed=seed, train={"steps": 0}) for seed in (0, 1))
    refusals = []

    def start_the_second():
        with pytest.raises(InputError, match="is being written by process") as refusal:
            train(second, tmp_path)
        refusals.append(refusal)

    while_checking(start_the_second)
    train(first, tmp_path)
    assert refusals and run_folder.read_config(tmp_path) == first
    assert run_folder.read(tmp_path)["results"]["validation_top1"] <= 1


@pytest.mark.slow
def test_of_two_that_are_stopped_the_folder_is_the_seconds_alone(tiny, tmp_path, while_checking):
    first, second = (tiny("rgb", seed=seed, train={"steps": 1}) for seed in (0, 1))

    def stop():
        raise KeyboardInterrupt

    while_checking(stop)
    with pytest.raises(KeyboardInterrupt):
        train(first, tmp_path)
    # Nothing of the first one has begun, so that the folder is free; then it is the second one's for good.
    while_checking(stop)
    with pytest.raises(KeyboardInterrupt):
        train(second, tmp_path)
    train(second, tmp_path)
    with pytest.raises(InputError, match="holds a run of another configuration"):
        train(first, tmp_path)
    assert run_folder.read_config(tmp_path) == second
