"""launch.explain through its real main: maps of a trained network on videos, filters, and bad input."""

import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from launch.run.model import load_run
from launch.run.recipes import test_clip_recipe as recipe_of
from tvnet_keras.video.augment import test_views as views_of
from tvnet_keras.video.read import probe, read_frames
from tvnet_keras.video.sample import even_clips

COARSE = ("--square=16", "--stride=16")


@pytest.fixture(scope="module")
def video(shared_data):
    return sorted((shared_data / "ucf101/videos/Archery").glob("*.avi"))[0]


def expected_map(run, path, label=None):
    """Name, probability and map by the definition, for a view of 32 x 32 and four squares of half its side."""
    config, model, names = load_run(run)
    (numbers,) = even_clips(probe(path).frames, config.data.frames, 1, config.data.step, short=config.data.short)
    (clip,), _ = views_of(read_frames(path, numbers), recipe_of(config.data))

    def answer(shown):
        return tf.nn.softmax(model(shown[None], training=False)["logits"]).numpy()[0]

    whole = answer(clip)
    label = int(whole.argmax()) if label is None else names.index(label)
    found = np.zeros((32, 32))
    for quarter in (np.s_[:16, :16], np.s_[:16, 16:], np.s_[16:, :16], np.s_[16:, 16:]):
        shown = clip.copy()
        shown[(slice(None), *quarter)] = 0
        found[quarter] = (whole[label] - answer(shown)[label]) / whole[label]
    return names[label], whole[label], found


def test_the_map_of_a_real_video_is_what_a_square_takes_of_the_confidence(launcher, finished_run, video, tmp_path):
    outcome = launcher("explain", f"--run={finished_run}", f"--output_dir={tmp_path}", "--filters", *COARSE, video)
    assert outcome.code == 0, outcome.error
    filters, said, written = outcome.out.splitlines()
    assert filters == f"written: {tmp_path}/filters.png"
    assert written == f"written: {tmp_path}/{video.stem}.importance.png, {video.stem}.importance.npy"
    name, probability, expected = expected_map(finished_run, video)
    assert said.startswith(f"{video}: {name} {100 * probability:.1f} %; a square of 16 px takes up to ")
    row, column = np.unravel_index(expected.argmax(), expected.shape)
    assert f" {100 * expected.max():.0f} % of it, around row {row + 8}, column {column + 8}" in said
    found = np.load(tmp_path / f"{video.stem}.importance.npy")
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=2e-4)
    picture, tiles = (np.asarray(Image.open(tmp_path / f"{n}.png")) for n in (f"{video.stem}.importance", "filters"))
    # Frame, map and flow; of 16 filters of 5 x 5, the u and v of five fields.
    assert picture.shape[1] > 3 * picture.shape[0] * 0.7 and min(tiles.shape[:2]) > 2 * 42
    assert "occluding: 5/5" in outcome.error
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "filters.png",
        f"{video.stem}.importance.npy",
        f"{video.stem}.importance.png",
    ]


def test_a_class_is_asked_for_by_its_name_and_every_video_has_its_map(here, rgb_run, shapes, tmp_path):
    paths = sorted(shapes.glob("videos/*/*_g04_c01.avi"))[:2]
    outcome = here("explain", f"--run={rgb_run}", f"--output_dir={tmp_path}", *COARSE, "--class=ZoomIn", *paths)
    assert outcome.code == 0, outcome.error
    assert re.findall(r"(\S+): ZoomIn", outcome.out) == [str(path) for path in paths]
    for path in paths:
        _, _, expected = expected_map(rgb_run, path, "ZoomIn")
        np.testing.assert_allclose(np.load(tmp_path / f"{path.stem}.importance.npy"), expected, atol=2e-4)


def test_bad_input_is_one_sentence(here, rgb_run, shapes, tmp_path):
    path = next(shapes.glob("videos/ZoomIn/*.avi"))
    (tmp_path / "copy").mkdir()

    def sentence(*arguments):
        return here("explain", f"--run={rgb_run}", f"--output_dir={tmp_path}/out", *arguments).sentence()

    assert "Name at least one video, or give --filters" in sentence()
    assert "--square=33 must be from 1 to 32 pixels" in sentence("--square=33", path)
    assert "--square=0 must be from 1 to 32" in sentence("--square=0", path)
    assert "--stride=9 must be from 1 to 8 pixels" in sentence("--stride=9", path)
    assert "Did you mean 'ZoomIn'?" in sentence("--class=ZoomInn", path)
    assert "would have one name" in sentence(path, tmp_path / "copy" / path.name)
    assert "no such video file" in sentence(tmp_path / "nowhere.avi")
    (tmp_path / "file").write_text("")
    assert f"{tmp_path}/file" in sentence(f"--output_dir={tmp_path}/file/out", path)
    assert not [file for file in Path(tmp_path).rglob("*") if file.is_file() and ".importance" in file.name]
