import json
import os
import shutil

import pytest

from tvnet_keras.video import Video
from tvnet_keras.video import scan as scan_module
from tvnet_keras.video.read import count_frames
from tvnet_keras.video.scan import scan


def as_videos(paths):
    return [Video(str(path), 0, path.stem) for path in paths]


def test_every_kind_of_problem_is_found_and_the_good_files_are_counted(tmp_path, write_video, shared_data):
    good = write_video(tmp_path / "good.avi", 9)
    copy = tmp_path / "copy.avi"
    shutil.copy(good, copy)
    short = write_video(tmp_path / "short.avi", 4, seed=1)
    empty = tmp_path / "empty.avi"
    empty.touch()
    same_id = write_video(tmp_path / "other" / "good.avi", 7, seed=2)
    broken = shared_data / "corrupt/decord/corrupted.mp4"
    paths = [broken, good, copy, short, empty, tmp_path / "gone.avi", same_id]
    found = scan(as_videos([*paths, good]), minimum=5)
    assert found.counts == {str(good): 9, str(copy): 9, str(short): 4, str(same_id): 7}
    assert [(problem.path, problem.kind) for problem in found.problems] == [
        (str(broken), "damaged"),
        (str(good), "duplicate"),
        (str(copy), "duplicate"),
        (str(short), "short"),
        (str(empty), "empty"),
        (str(tmp_path / "gone.avi"), "missing"),
        (str(same_id), "duplicate"),
    ]
    assert all(problem.path in problem.message for problem in found.problems)
    assert [problem.unusable for problem in found.problems] == [True, False, False, False, True, True, False]
    assert found.problems[0].frames == 28


def test_a_file_is_decoded_once_and_remembered_until_it_changes(tmp_path, write_video, monkeypatch):
    paths = [write_video(tmp_path / f"{k}.avi", 4 + k, seed=k) for k in range(5)]
    (tmp_path / "empty.avi").touch()
    videos = as_videos([*paths, tmp_path / "empty.avi"])
    memory = tmp_path / "memory" / "counts.json"
    decoded = []

    def counting(path):
        decoded.append(path)
        return count_frames(path)

    monkeypatch.setattr(scan_module, "count_frames", counting)
    first = scan(videos, cache_file=memory)
    assert sorted(decoded) == sorted(video.path for video in videos)
    decoded.clear()
    assert scan(videos, cache_file=memory) == first and decoded == []
    write_video(paths[2], 11, seed=9)
    os.utime(paths[2], ns=(1, 1))
    assert scan(videos, cache_file=memory).counts[str(paths[2])] == 11
    assert decoded == [str(paths[2])]


@pytest.mark.parametrize("content", ["", "{", "[]", json.dumps({"version": 0, "files": {}})])
def test_a_spoilt_memory_is_only_a_slower_start(tmp_path, write_video, content):
    path = write_video(tmp_path / "a.avi", 4)
    memory = tmp_path / "counts.json"
    memory.write_text(content)
    assert scan(as_videos([path]), cache_file=memory).counts == {str(path): 4}
    assert str(path) in json.loads(memory.read_text())["files"]


def test_progress_counts_every_file(tmp_path, write_video):
    videos = as_videos(write_video(tmp_path / f"{k}.avi", 3, seed=k) for k in range(4))
    seen = []
    scan(videos, progress=lambda done, total: seen.append((done, total)), workers=2)
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_ucf101_clips_are_counted_like_their_source_says(shared_data):
    folder = shared_data / "ucf101/videos"
    paths = sorted([*folder.glob("BasketballDunk/*.avi"), *folder.glob("ApplyEyeMakeup/*.avi")])
    counts = scan(as_videos(paths)).counts
    dunks = [count for path, count in counts.items() if "BasketballDunk" in path]
    assert (len(dunks), min(dunks), max(dunks)) == (25, 35, 85)
    assert [count for path, count in counts.items() if "ApplyEyeMakeup" in path] == [164]


@pytest.mark.slow
def test_all_ucf101_clips_are_counted_like_their_source_says(shared_data):
    paths = sorted((shared_data / "ucf101/videos").glob("*/*.avi"))
    found = scan(as_videos(paths))
    assert len(found.counts) == 161 and found.problems == ()
    ranges = {
        "Archery": (51, 210),
        "HorseRace": (78, 300),
        "PlayingPiano": (201, 242),
        "PlayingViolin": (141, 204),
        "Surfing": (75, 245),
    }
    for name, expected in ranges.items():
        counts = [count for path, count in found.counts.items() if f"/{name}/" in path]
        assert (min(counts), max(counts)) == expected
