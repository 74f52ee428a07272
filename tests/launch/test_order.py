"""Lists, model, weights, scan, first step: what can be refused at once is refused before any video is decoded."""

import shutil

import numpy as np
import pytest

from launch.evaluate import evaluate
from launch.run import run_folder
from launch.run.video_source import MEMORY_FILE
from launch.train import train
from tvnet_keras.errors import InputError
from tvnet_keras.flow.picture import write_video


@pytest.fixture
def root(shapes, tmp_path):
    """The set as it was before any run looked at it."""
    return str(shutil.copytree(shapes, tmp_path / "data", ignore=shutil.ignore_patterns(MEMORY_FILE)))


@pytest.fixture
def no_decoding(monkeypatch):
    """Lets every decoding of a whole file fail."""

    def fail(path):
        raise AssertionError(f"{path} was decoded")

    monkeypatch.setattr("tvnet_keras.video.scan.count_frames", fail)


REFUSED = {
    "source": ("rgb", {"init_from": "runs/nowhere"}, "--config.init_from=runs/nowhere is neither"),
    "backbone": ("rgb", {"model": {"backbone": "resnet81"}}, "Did you mean 'resnet18'"),
    "option": ("tvnet", {"model": {"learn": ("kernel",)}}, "learn is 'kernel', which is not one of"),
    "truth": ("tvnet_flow", {"data": {"dataset": "ucf101"}}, "learns from flow and known"),
    "measure": ("rgb", {"eval": {"measures": ("clases",)}}, "Did you mean 'classes'"),
    "unfit measure": ("rgb", {"eval": {"measures": ("flow",)}}, "measures=flow cannot be taken of --method=rgb"),
    "step": ("tvnet_flow", {"data": {"step": 2}}, "set --config.data.step=1"),
    "size": ("rgb", {"data": {"height": 0, "width": 0}}, "set --config.data.height"),
    "mirrored views": (
        "rgb",
        {"data": {"classes": ("MoveLeft", "MoveUp"), "test_crop": "center"}, "eval": {"crops": 10}},
        "--config.eval.crops=10 mirrors every clip",
    ),
    "class": ("rgb", {"data": {"classes": ("MoveUpp",)}}, "Did you mean 'MoveUp'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_mistake_in_a_flag_is_told_before_any_video_is_decoded(tiny, root, tmp_path, no_decoding, case, one_sentence):
    method, sections, message = REFUSED[case]
    with pytest.raises(InputError, match=message) as refusal:
        train(tiny(method, **{**sections, "data": {"root": root, **sections.get("data", {})}}), tmp_path / "run")
    one_sentence(str(refusal.value))
    assert not run_folder.has_begun(tmp_path / "run")


def test_without_a_mistake_the_videos_are_decoded(tiny, root, tmp_path, no_decoding):
    with pytest.raises(AssertionError, match="was decoded"):
        train(tiny("rgb", data={"root": root}), tmp_path / "run")


def test_weights_that_fit_nothing_are_refused_before_any_video_is_decoded(tiny, root, tmp_path, no_decoding, rgb_run):
    config = tiny("tvnet_flow", data={"root": root}, init_from=str(rgb_run))
    with pytest.raises(InputError, match="No weight of --config.init_from"):
        train(config, tmp_path / "run")


def test_the_command_names_the_misspelt_source_and_not_the_broken_video(launcher, overrides, root, tmp_path):
    video = next((tmp_path / "data/videos").glob("*/*_g01_*.avi"))
    video.write_bytes(b"")
    flags = [*overrides("rgb"), f"--config.data.root={root}", f"--output_dir={tmp_path}/run"]
    sentence = launcher("train", *flags, "--config.init_from=runs/nowhere").sentence()
    assert "runs/nowhere" in sentence and video.name not in sentence
    assert video.name in launcher("train", *flags).sentence()


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"data": {"classes": ("MoveUp", "MoveDown")}}, "was trained on the classes"),
        ({"eval": {"measures": ("flow",)}}, "measures=flow cannot be taken"),
    ],
)
def test_an_evaluation_too_refuses_before_it_decodes(tiny, root, rgb_run, tmp_path, no_decoding, sections, message):
    config = tiny("rgb", **{**sections, "data": {"root": root, **sections.get("data", {})}})
    with pytest.raises(InputError, match=message):
        evaluate(config, rgb_run, tmp_path / "scores")


def test_a_refused_start_does_not_block_the_folder(tiny, root, tmp_path):
    folder = tmp_path / "run"
    next((tmp_path / "data/videos").glob("*/*_g01_*.avi")).write_bytes(b"")
    for sections, message in (
        ({"init_from": "runs/nowhere"}, "nowhere"),
        ({"data": {"root": root}}, "cannot be read"),
        ({"data": {"short": "error", "frames": 9}}, "has 8 frames"),
    ):
        with pytest.raises(InputError, match=message):
            train(tiny("rgb", **sections), folder)
    # Other lists, other classes, other flags: nothing of the refused starts is left.
    config = tiny("rgb", data={"classes": ("MoveUp", "MoveDown")}, train={"steps": 1})
    train(config, folder)
    assert run_folder.read_config(folder) == config
    assert run_folder.read(folder)["class_names"] == ["MoveUp", "MoveDown"]


def test_test_videos_that_are_too_short_stop_a_run_before_its_first_step(tiny, root, tmp_path, monkeypatch):
    monkeypatch.setattr("launch.train.TrainStep.__call__", None)
    (tmp_path / "data/splits/testlist01.txt").write_text("MoveUp/short.avi\n")
    video = tmp_path / "data/videos/MoveUp/short.avi"
    write_video(video, np.zeros((2, 32, 32, 3), np.uint8), 25)
    with pytest.raises(InputError, match="short.avi: has 2 frames but a clip of 6"):
        train(tiny("tvnet", data={"root": root, "short": "error"}), tmp_path / "run")
    assert not run_folder.has_begun(tmp_path / "run")
