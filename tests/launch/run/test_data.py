import itertools
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from launch.evaluate import evaluate
from launch.run.data import list_source, open_source, warn_of_lists
from launch.run.video_source import MEMORY_FILE, memory_file
from launch.train import train
from tests.launch.pairs_on_disk import write_pairs
from tvnet_keras.errors import InputError
from tvnet_keras.video.cache import write_cache


@pytest.fixture
def copy(shapes, tmp_path):
    """A copy of the set that a test may damage."""
    return shutil.copytree(shapes, tmp_path / "copy")


@pytest.fixture
def broken(copy):
    """One training video of the copy, emptied."""
    video = copy / "videos/MoveUp/v_MoveUp_g02_c01.avi"
    video.write_bytes(b"")
    return video


def test_a_source_knows_every_video_and_its_frames(tiny, copy):
    source = open_source(tiny(data={"root": str(copy)}), "test")
    assert len(source.videos.videos) == 12 and set(source.counts.values()) == {8}


def test_what_the_check_found_lies_beside_the_videos_for_every_run(tiny, copy, tmp_path, monkeypatch):
    config = tiny("rgb", data={"root": str(copy)}, train={"steps": 1})
    train(config, tmp_path / "first")
    assert (copy / MEMORY_FILE).is_file()
    monkeypatch.setattr("tvnet_keras.video.scan.count_frames", None)  # decoding a video again would fail
    train(config, tmp_path / "second")


def test_an_evaluation_decodes_no_video_that_a_training_has_checked(tiny, copy, tmp_path, monkeypatch):
    config = tiny("rgb", data={"root": str(copy)}, train={"steps": 1})
    train(config, tmp_path / "run")
    monkeypatch.setattr("tvnet_keras.video.scan.count_frames", None)
    assert evaluate(config, tmp_path / "run", tmp_path / "scores").numbers["top1"] <= 1


def test_what_the_check_found_moves_with_the_videos(tiny, copy, tmp_path, monkeypatch):
    open_source(tiny("rgb", data={"root": str(copy)}), "train")
    copy.rename(tmp_path / "elsewhere")
    monkeypatch.setattr("tvnet_keras.video.scan.count_frames", None)
    source = open_source(tiny("rgb", data={"root": str(tmp_path / "elsewhere")}), "train")
    assert len(source.counts) == 36


def test_what_the_check_found_in_a_read_only_folder_is_in_the_users_cache(tiny, copy, tmp_path, monkeypatch):
    (copy / MEMORY_FILE).unlink(missing_ok=True)
    access = os.access
    # Root may write everywhere, whatever the mode of the folder.
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != copy and access(path, mode))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    config = tiny("rgb", data={"root": str(copy)})
    open_source(config, "train")
    assert not (copy / MEMORY_FILE).exists()
    (memory,) = (tmp_path / "cache/tvnet_keras").iterdir()
    assert memory == memory_file(copy) != memory_file(copy / "videos")
    monkeypatch.setattr("tvnet_keras.video.scan.count_frames", None)
    assert len(open_source(config, "train").counts) == 36
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert memory_file(copy).parent == tmp_path / "home/.cache/tvnet_keras"


def test_a_broken_video_stops_a_run_before_its_first_step(tiny, copy, broken, tmp_path):
    config = tiny("rgb", data={"root": str(copy)})
    with pytest.raises(InputError, match=f"1 of 36 train videos cannot be read.*--skip_unreadable: {broken}"):
        train(config, tmp_path / "run")
    assert not (tmp_path / "run/checkpoints").exists() and not (tmp_path / "run/logs").exists()


def test_a_broken_video_is_named_and_skipped_on_request(tiny, copy, broken, tmp_path, capsys):
    config = tiny("rgb", data={"root": str(copy)}, train={"steps": 5})
    results = train(config, tmp_path / "run", skip_unreadable=True)
    assert f"skipped: {broken}" in capsys.readouterr().err
    assert results["loss"] > 0
    assert len(open_source(config, "train", skip_unreadable=True).videos.videos) == 35


@pytest.mark.slow
def test_the_command_names_it_too(launcher, overrides, copy, broken, tmp_path):
    flags = [*overrides("rgb", data={"root": str(copy)}, train={"steps": 1}), f"--output_dir={tmp_path}/run"]
    assert str(broken) in launcher("train", *flags).sentence()
    outcome = launcher("train", *flags, "--skip_unreadable")
    assert outcome.code == 0 and f"skipped: {broken}" in outcome.error


def test_many_broken_videos_are_one_sentence(tiny, copy, one_sentence):
    for video in list(copy.glob("videos/*/*_g01_*.avi"))[:9]:
        video.write_bytes(b"")
    with pytest.raises(InputError, match="9 of 36 train videos.* and 4 more") as refusal:
        open_source(tiny(data={"root": str(copy)}), "train")
    one_sentence(str(refusal.value))


def test_nothing_readable_is_refused(tiny, copy, tmp_path):
    for video in copy.glob("videos/*/*.avi"):
        video.write_bytes(b"")
    with pytest.raises(InputError, match="no video"):
        train(tiny("rgb", data={"root": str(copy)}), tmp_path / "run", skip_unreadable=True)


def test_missing_videos_stop_or_are_reported(tiny, copy, capsys):
    gone = copy / "videos/MoveUp/v_MoveUp_g02_c01.avi"
    gone.unlink()
    sections = {"root": str(copy)}
    with pytest.raises(InputError, match="1 of 36 listed train videos are missing: v_MoveUp_g02_c01; .*missing=report"):
        open_source(tiny(data=sections), "train")
    source = open_source(tiny(data={**sections, "missing": "report"}), "train")
    assert len(source.videos.videos) == 35
    assert "1 of 36 listed train videos are missing; going on with 35." in capsys.readouterr().err


def test_videos_of_other_classes_are_not_missing(tiny, copy):
    shutil.rmtree(copy / "videos/ZoomIn")
    config = tiny(data={"root": str(copy), "classes": ("MoveUp", "MoveDown")})
    assert [len(open_source(config, subset).videos.videos) for subset in ("train", "test")] == [6, 2]


def test_a_short_video_is_an_error_on_request(tiny, tmp_path):
    with pytest.raises(InputError, match="has 8 frames but a clip of 9"):
        train(tiny(data={"frames": 9, "short": "error"}), tmp_path / "run")


@pytest.fixture
def cache(tiny, tmp_path):
    """A cache of both lists but for one training video."""
    lists = [open_source(tiny(), subset).videos for subset in ("train", "test")]
    both = replace(lists[0], videos=lists[0].videos[1:] + lists[1].videos)
    write_cache(both, tmp_path / "cache")
    return str(tmp_path / "cache"), lists[0].videos[0]


def test_training_reads_from_a_cache(tiny, cache, tmp_path):
    # The test list is whole; the training list of these classes too.
    names = ("MoveLeft", "MoveUp", "MoveDown")
    config = tiny("rgb", data={"cache": cache[0], "classes": names}, train={"steps": 1})
    cached = train(config, tmp_path / "cached")
    direct = train(tiny("rgb", data={"classes": names}, train={"steps": 1}), tmp_path / "direct")
    # JPEG changes pixels a little, never the choice of videos or frames.
    assert cached["loss"] == pytest.approx(direct["loss"], rel=0.1)


def test_a_video_that_is_not_in_the_cache_is_named(tiny, cache, capsys):
    folder, absent = cache
    config = tiny(data={"cache": folder})
    with pytest.raises(InputError, match=f"1 of 36 train videos are not in --config.data.cache=.*: {absent.video_id}"):
        open_source(config, "train")
    assert len(open_source(config, "train", skip_unreadable=True).videos.videos) == 35
    assert f"skipped: {absent.path}" in capsys.readouterr().err


def cached_at(tiny, short_side, folder):
    write_cache(open_source(tiny(), "test").videos, folder, short_side=short_side, quality=100)
    return str(folder)


@pytest.mark.parametrize("short_side", [None, 24, 48])
def test_a_cache_shows_what_the_videos_show_or_is_refused(tiny, short_side, tmp_path):
    folder = cached_at(tiny, short_side, tmp_path / "cache")
    accepted = []
    for resize_short, crop in itertools.product([0, 24, 48], ["center", "none"]):
        size = {"height": 16, "width": 16, "resize_short": resize_short, "test_crop": crop}
        direct = tiny(data=size)
        cached = tiny(data={**size, "cache": folder})
        try:
            source = open_source(cached, "test")
        except InputError:
            continue
        accepted.append((resize_short, crop))
        pairs = zip(source.views(), open_source(direct, "test").views(), strict=True)
        for one, other in pairs:
            # Only JPEG lies between, which halves the colours' resolution.
            assert np.abs(one["clip"].numpy().astype(int) - other["clip"].numpy()).mean() < 5
    assert len(accepted) == (6 if short_side is None else 1)


def test_a_cache_of_another_aspect_is_refused_in_a_sentence(tiny, tmp_path, one_sentence):
    folder = cached_at(tiny, 48, tmp_path / "cache")
    config = tiny(data={"cache": folder, "resize_short": 48, "resize_long": 60, "test_crop": "center"})
    with pytest.raises(InputError, match="of 48 px, but .*resize_long=60 asks for another aspect") as refusal:
        open_source(config, "test")
    one_sentence(str(refusal.value))


@pytest.mark.parametrize("resize_short", [0, 24, 64])
def test_a_cache_of_another_size_is_refused_in_a_sentence_that_names_both(tiny, tmp_path, resize_short, one_sentence):
    folder = cached_at(tiny, 48, tmp_path / "cache")
    config = tiny(data={"cache": folder, "resize_short": resize_short, "test_crop": "center"})
    with pytest.raises(InputError, match=f"of 48 px, but .*resize_short={resize_short} ") as refusal:
        open_source(config, "test")
    one_sentence(str(refusal.value))


@pytest.mark.parametrize(("subset", "flag"), [("train", "crop"), ("test", "test_crop")])
def test_whole_frames_are_not_taken_from_a_cache_of_resized_ones(tiny, tmp_path, subset, flag, one_sentence):
    folder = cached_at(tiny, 48, tmp_path / "cache")
    config = tiny(data={"cache": folder, "resize_short": 48, flag: "none"})
    with pytest.raises(InputError, match=f"48 px, but --config.data.{flag}=none") as refusal:
        open_source(config, subset)
    one_sentence(str(refusal.value))


def videos_in(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


def test_a_training_warns_of_classes_that_say_nothing_before_it_begins(tiny, tmp_path, capsys):
    videos_in(tmp_path / "data", "train/walk/1.mp4", "test/walk/2.mp4", "test/run/3.mp4", "train/4.mp4")
    config = tiny("rgb", data={"dataset": "folder", "root": str(tmp_path / "data")}, init_from="nowhere")
    with pytest.raises(InputError, match="init_from=nowhere"):
        train(config, tmp_path / "run")
    assert capsys.readouterr().err.splitlines() == [
        f"warning: Videos in {tmp_path}/data/train itself, in the folder of no class, are left out: 4.mp4.",
        "warning: No training video of 1 of 2 classes, which cannot be learnt: run.",
    ]


def test_pairs_have_no_classes_to_warn_of(tiny, tmp_path, capsys):
    root = write_pairs(tmp_path)
    source = list_source(tiny("tvnet_flow", data={"dataset": "middlebury", "root": str(root), "frames": 2}), "test")
    warn_of_lists(source, source)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("missing", ["error", "report"])
def test_a_listed_video_that_lies_elsewhere_is_told(tiny, shapes, tmp_path, missing):
    shutil.copytree(shapes / "splits", tmp_path / "splits")
    shutil.copytree(shapes / "videos/ZoomIn", tmp_path / "a/b/ZoomIn")
    config = tiny("rgb", data={"root": str(tmp_path), "missing": missing})
    with pytest.raises(InputError) as refusal:
        list_source(config, "train")
    said = str(refusal.value)
    assert said.startswith("36 of 36 listed train videos are missing: ")
    assert (
        f"One is {tmp_path}/a/b/ZoomIn/v_ZoomIn_g01_c01.avi, where none is looked for: is --config.data.root=" in said
    )


def test_two_videos_of_one_id_are_refused_before_their_scores_are(tiny, copy):
    lists = copy / "splits/testlist01.txt"
    again = copy / "videos/ZoomIn/v_MoveUp_g04_c01.avi"
    again.write_bytes(b"x")
    lists.write_text(lists.read_text() + "ZoomIn/v_MoveUp_g04_c01.avi\n")
    with pytest.raises(
        InputError, match=f"MoveUp/v_MoveUp_g04_c01.avi and {again} have the same id 'v_MoveUp_g04_c01'"
    ):
        list_source(tiny("rgb", data={"root": str(copy)}), "test")
