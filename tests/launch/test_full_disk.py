"""What predict, flow, evaluate, report and reproduce write is whole or one sentence, however late the disk is full."""

import json

import numpy as np
import pytest

from launch.flow_report.pictures import write_picture
from launch.report import END, README, START, update_page
from launch.tables.parts.page import write_page
from tests.small_disk import room_for
from tvnet_keras.errors import InputError
from tvnet_keras.flow.io import write_flo, write_kitti
from tvnet_keras.flow.picture import write_video
from tvnet_keras.scoring.result import Result, save_result
from tvnet_keras.scoring.scores import HEADER_KEYS, Scores, save_scores

RANDOM = np.random.default_rng(0)
FRAMES = RANDOM.integers(0, 256, (20, 96, 96, 3), np.uint8)
FLOW = RANDOM.normal(size=(64, 64, 2)).astype("float32")
VIDEOS = [f"video{number}" for number in range(500)]
HEADER = dict.fromkeys(HEADER_KEYS, "x") | {"clips": 1, "crops": 1, "seed": 0}
SCORES = Scores(VIDEOS, np.zeros(500, int), ["a", "b"], RANDOM.normal(size=(500, 2)), HEADER)
RESULT = Result("tvnet_table1", "row", 0, {"names": VIDEOS}, {"clips": 1}, "abc", {"cores": 2}, {"top1": 0.5}, {})

WRITERS = {
    "clip.mp4": lambda folder: write_video(folder / "clip.mp4", FRAMES, 25),
    "clip.avi": lambda folder: write_video(folder / "clip.avi", FRAMES, 25),
    "clip.gif": lambda folder: write_video(folder / "clip.gif", FRAMES, 25),
    "picture.png": lambda folder: write_picture(folder / "picture.png", FRAMES[0]),
    "pair.flo": lambda folder: write_flo(folder / "pair.flo", FLOW),
    "pair.png": lambda folder: write_kitti(folder / "pair.png", FLOW),
    "scores.npz": lambda folder: save_scores(folder / "scores.npz", SCORES),
    "tvnet_table1/row-seed0.json": lambda folder: save_result(folder, RESULT),
    "README.md": lambda folder: update_page(README, "| table |" * 1000),
    "tables/tvnet.md": lambda folder: write_page("tvnet_table1", folder / "results"),
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_file_that_finds_no_room_is_one_sentence_and_what_was_there_stays(tmp_path, monkeypatch, name, share):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "README.md").write_text(f"{START}\n{END}\n")
    path = tmp_path / name
    WRITERS[name](tmp_path)
    whole = path.stat().st_size
    old = f"{START}\n{END}\n" if name == "README.md" else json.dumps("old")
    path.write_text(old)
    said = rf"^Cannot write .*{path.name} \(File too large\); choose .*\.$"
    with pytest.raises(InputError, match=said), room_for(round(share * (whole - 1))):
        WRITERS[name](tmp_path)
    assert path.read_text() == old and [file.name for file in path.parent.glob(".partial*")] == []
