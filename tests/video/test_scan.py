import json
import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tvnet_keras.video import Video
from tvnet_keras.video import scan as scan_module
from tvnet_keras.video.read import VideoError, count_frames
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


SPOILT = [
    "",
    "{",
    "[]",
    "[" * 100_000,
    '{"version": 2, "files": []}',
    json.dumps({"version": 0, "files": {}}),
    json.dumps({"version": 2, "files": 3}),
]


@pytest.mark.parametrize("content", SPOILT)
def test_a_spoilt_memory_is_only_a_slower_start(tmp_path, write_video, content):
    path = write_video(tmp_path / "a.avi", 4)
    memory = tmp_path / "counts.json"
    memory.write_text(content)
    assert scan(as_videos([path]), cache_file=memory).counts == {str(path): 4}
    assert "a.avi" in json.loads(memory.read_text())["files"]


LIES = [
    3, [], None, {}, {"kind": 3}, {"kind": ["short"]}, {"kind": "unknown"}, {"frames": None}, {"frames": "4"},
    {"frames": True}, {"frames": -4}, {"frames": 4.5}, {"message": 3}, {"stamp": None},
]  # fmt: skip


@pytest.mark.parametrize("lie", LIES, ids=str)
def test_a_memory_that_lies_about_the_form_of_a_finding_is_found_again(tmp_path, write_video, lie):
    path, memory = write_video(tmp_path / "a.avi", 4), tmp_path / "counts.json"
    scan(as_videos([path]), cache_file=memory)
    stored = json.loads(memory.read_text())
    stored["files"]["a.avi"] = {**stored["files"]["a.avi"], **lie} if isinstance(lie, dict) and lie else lie
    memory.write_text(json.dumps(stored))
    found = scan(as_videos([path]), cache_file=memory)
    assert found.counts == {str(path): 4} and not found.problems


@pytest.fixture
def decoded(monkeypatch):
    """Names of the files that scans decode."""
    names = []

    def counting(path):
        names.append(os.path.basename(path))
        return count_frames(path)

    monkeypatch.setattr(scan_module, "count_frames", counting)
    return names


@pytest.mark.parametrize("move", [shutil.move, shutil.copytree])
def test_a_folder_that_moves_with_its_memory_is_not_decoded_again(tmp_path, write_video, decoded, move):
    write_video(tmp_path / "before/a/v.avi", 4)
    (tmp_path / "before/empty.avi").touch()

    def scanned(root):
        return scan(as_videos([root / "a/v.avi", root / "empty.avi"]), cache_file=root / ".memory.json")

    scanned(tmp_path / "before")
    move(tmp_path / "before", tmp_path / "after")
    decoded.clear()
    found = scanned(tmp_path / "after")
    assert decoded == []
    assert found.counts == {str(tmp_path / "after/a/v.avi"): 4}
    (problem,) = found.problems
    assert problem.message.startswith(f"{tmp_path}/after/empty.avi: the file is empty")


def test_a_memory_knows_files_that_lie_elsewhere_too(tmp_path, write_video, decoded, monkeypatch):
    videos = as_videos([write_video(tmp_path / "data/a.avi", 4), write_video(tmp_path / "memory-of/b.avi", 5)])
    for _ in range(2):
        assert len(scan(videos, cache_file=tmp_path / "memory/m.json").counts) == 2
    assert len(decoded) == 2
    # The same files by a relative path, and the same memory.
    monkeypatch.chdir(tmp_path)
    assert scan(as_videos([Path("data/a.avi")]), cache_file="memory/m.json").counts == {"data/a.avi": 4}
    assert len(decoded) == 2


def test_scans_at_the_same_time_keep_each_others_findings(tmp_path, write_video, monkeypatch):
    videos = as_videos(write_video(tmp_path / f"{k}.avi", 4 + k, seed=k) for k in range(3))
    memory = tmp_path / ".memory.json"
    scan(videos[:1], cache_file=memory)

    def meanwhile(path):
        monkeypatch.setattr(scan_module, "count_frames", count_frames)
        scan(videos[2:], cache_file=memory)
        return count_frames(path)

    monkeypatch.setattr(scan_module, "count_frames", meanwhile)
    scan(videos[:2], cache_file=memory)
    entries = json.loads(memory.read_text())["files"]
    assert {name: entry["frames"] for name, entry in entries.items()} == {"0.avi": 4, "1.avi": 5, "2.avi": 6}


def test_a_memory_that_many_write_at_once_loses_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(scan_module, "count_frames", lambda path: int(Path(path).stem))
    files = [tmp_path / f"{k}.avi" for k in range(2, 42)]
    for file in files:
        file.write_bytes(b"x")
    ready = threading.Barrier(len(files))

    def one(file):
        ready.wait()
        return scan(as_videos([file]), workers=1, cache_file=tmp_path / ".memory.json")

    with ThreadPoolExecutor(len(files)) as pool:
        list(pool.map(one, files))
    assert len(json.loads((tmp_path / ".memory.json").read_text())["files"]) == len(files)


def test_a_file_that_the_system_would_not_open_is_tried_again(tmp_path, write_video, monkeypatch):
    videos = as_videos([write_video(tmp_path / "a.avi", 4)])

    def refused(path):
        raise VideoError(f"{path}: cannot be opened.", kind="unreadable", path=path) from PermissionError(13, "denied")

    monkeypatch.setattr(scan_module, "count_frames", refused)
    assert [problem.kind for problem in scan(videos, cache_file=tmp_path / "m.json").problems] == ["unreadable"]
    monkeypatch.undo()
    assert scan(videos, cache_file=tmp_path / "m.json").counts == {videos[0].path: 4}


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
