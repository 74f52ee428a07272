import json
import os
import re
import time
from pathlib import Path

import numpy as np
import pytest

from launch.run.video_report import check_dataset, check_folder, splits_of, union
from tests.launch.start import SECONDS, begin
from tvnet_keras.errors import InputError
from tvnet_keras.flow.codec import quantisation_error
from tvnet_keras.flow.solvers import make_solver
from tvnet_keras.flow.store import FlowFormat, StoredFlow
from tvnet_keras.video import CachedVideos, datasets, read_frames
from tvnet_keras.video.moving_shapes.writer import write_dataset

ALL = {"minimum": 2, "workers": None, "memory": None}


@pytest.fixture
def shapes(tmp_path):
    return write_dataset(tmp_path / "shapes", train_groups=2, test_groups=1, size=(32, 32), frames=6)


def test_generate_check_and_cache_through_the_command_line(launcher, tmp_path):
    root, folder = tmp_path / "shapes", tmp_path / "cache"
    size = ("--train_groups=1", "--test_groups=1", "--frames=4", "--size=32,48")
    assert launcher("prepare", f"--generate={root}", *size).code == 0
    assert len(datasets.load("moving_shapes", root, subset="test").videos) == 12
    done = launcher("prepare", f"--cache={folder}", "--dataset=moving_shapes", f"--data_dir={root}")
    assert done.code == 0 and "24 videos; 0 listed ones are missing" in done.out
    cached = CachedVideos(folder)
    assert len(cached.video_ids) == 24
    assert cached.read_frames("v_ZoomIn_g02_c01").shape == (4, 32, 48, 3)


def test_changes_of_the_velocity_are_generated_in_sixteen_frames(launcher, tmp_path):
    root = tmp_path / "shapes"
    size = ("--train_groups=1", "--test_groups=1", "--size=32,32")
    assert launcher("prepare", f"--generate={root}", "--motions=acceleration", *size).code == 0
    videos = datasets.load("moving_shapes", root, subset="test")
    assert videos.class_names == ("SpeedUp", "SlowDown", "Pulsate", "TurnLeft", "TurnRight", "Weave")
    assert len(read_frames(videos.videos[0].path)) == 16
    assert "made otherwise" in launcher("prepare", f"--generate={root}", *size).sentence()


def test_the_flow_of_a_data_set_through_the_command_line(launcher, shapes, tmp_path):
    arguments = ("--solver=dis", "--dataset=moving_shapes", f"--data_dir={shapes}", "--form=png", "--flow_bound=10")
    done = launcher("prepare", f"--flow={tmp_path}/flow", *arguments, "--windows=2", "--window=2")
    assert done.code == 0, done.error
    # Of 6 frames the first and the last three.
    said = re.search(r"144 pairs of 36 videos, (\d+) bytes a pair; 0 listed ones are missing", done.out)
    stored = StoredFlow(tmp_path / "flow")
    assert said and int(said[1]) == round(stored.bytes_per_pair)
    assert stored.solver == {"solver": "dis"} and stored.form == FlowFormat("png", 95, 10.0, 2, 2)
    solve = make_solver("dis")
    for video in datasets.load("moving_shapes", shapes, subset="test").videos[:3]:
        assert stored.pairs(video.video_id) == (0, 1, 3, 4)
        (found,) = stored.read(video.video_id, np.array([3]), np.array([4]))
        flow = solve(read_frames(video.path, (3, 4)))
        assert np.abs(found - np.clip(flow, -10, 10)).max() <= quantisation_error(10) + 1e-5


def test_broken_videos_are_left_out_of_the_flow_where_that_is_allowed(launcher, shapes, tmp_path):
    broken = datasets.load("moving_shapes", shapes, subset="train").videos[0]
    Path(broken.path).write_bytes(b"")
    arguments = (f"--flow={tmp_path}/flow", "--solver=dis", "--dataset=moving_shapes", f"--data_dir={shapes}")
    said = launcher("prepare", *arguments).sentence()
    # Told before any flow is computed: what is kept of a longer list would be no use to a shorter one.
    assert broken.path in said and "--skip_unreadable" in said and not (tmp_path / "flow").exists()
    done = launcher("prepare", *arguments, "--skip_unreadable")
    assert done.code == 0 and f"skipped: {broken.path}" in done.error
    assert set(StoredFlow(tmp_path / "flow").video_ids) >= {
        video.video_id for video in datasets.load("moving_shapes", shapes, subset="test").videos
    }


@pytest.mark.slow
def test_a_kill_loses_no_flow_and_repeats_no_finished_video(shapes, tmp_path):
    arguments = [
        "--solver=tvl1-3-5-50", "--dataset=moving_shapes", f"--data_dir={shapes}", "--workers=2", f"--flow={tmp_path}/"
    ]  # fmt: skip

    def begun(folder, logs):
        (tmp_path / logs).mkdir()
        return begin("prepare", [*arguments[:-1], arguments[-1] + folder], tmp_path / logs)

    whole = begun("whole", "log of the whole")
    whole.join(SECONDS)
    assert whole.exitcode == 0
    process, folder = begun("killed", "log of the kill"), tmp_path / "killed"
    while process.is_alive() and len(list(folder.glob("*.part-*.json"))) < 5:
        time.sleep(0.002)
    process.kill()
    process.join()
    parts = [json.loads(path.read_text()) for path in folder.glob("*.part-*.json")]
    finished = {name for part in parts for name in part["videos"]}
    assert 5 <= len(finished) < 36 and not (folder / "index.json").exists()
    # Whoever reads a finished video again finds zeros.
    for video in union(splits_of("moving_shapes", shapes, 0, ())).videos:
        if video.video_id in finished:
            status = os.stat(video.path)
            Path(video.path).write_bytes(bytes(status.st_size))
            os.utime(video.path, ns=(status.st_atime_ns, status.st_mtime_ns))
    again = begun("killed", "log of the end")
    again.join(SECONDS)
    assert again.exitcode == 0
    names = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    assert names == {path.name for path in (tmp_path / "whole").iterdir() if not path.name.startswith(".")}
    for name in names:
        assert (folder / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name


def test_corrupt_files_are_told_one_by_one_and_the_exit_code_says_so(launcher, shared_data):
    done = launcher("prepare", "--check", f"--data_dir={shared_data / 'corrupt'}")
    assert done.code == 2 and "Traceback" not in done.error
    assert done.error.splitlines()[-1].startswith("error: 14 of 21 files cannot be read")
    rows = dict(re.findall(r"│ (\S+/\S+\.\w+) +│ (\w+ +│ \d+) ", done.out))
    assert len(rows) == 21
    told = {name: tuple(re.split(r" +│ ", row)) for name, row in rows.items()}
    assert told["decord/corrupted.mp4"] == ("damaged", "28")
    assert told["mp4parse-rust/no_timescale.mp4"] == ("damaged", "8")
    assert told["format_parser/Test_Meta_Atom_With_Size_Zero.mov"] == ("fine", "59")
    assert told["mp4parse-rust/sine-3s-xhe-aac-44khz-mono.mp4"] == ("no_video", "0")
    assert [verdict for verdict, _ in told.values()].count("fine") == 7


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Give one of --generate=DIR, --generate_pairs=DIR, --check, --cache=DIR and --flow=DIR"),
        (("--flow=f", "--dataset=folder"), "--flow needs a data set and a solver"),
        (("--flow=f", "--solver=dis"), "--flow needs a data set and a solver"),
        (("--flow=f", "--dataset=folder", "--solver=diss"), "Did you mean 'dis'"),
        (("--flow=f", "--dataset=folder", "--solver=dis", "--variant=x"), "--variant=x belongs to none of --solver="),
        (("--flow=f", "--dataset=folder", "--solver=dis", "--windows=3"), "Received: windows=3, window=0"),
        (("--flow=f", "--dataset=folder", "--solver=dis", "--flow_bound=0"), "bound=0.0"),
        (("--flow=f", "--dataset=folder", "--solver=dis", "--flow_quality=0"), "quality=0"),
        (("--flow=f", "--dataset=folder", "--solver=dis", "--form=gif"), "--form=gif"),
        (("--flow=f", "--dataset=folder", "--solver=dis", "--data_dir=nowhere"), "--data_dir=nowhere is no folder"),
        (("--check", "--data_dir=nowhere"), "--data_dir=nowhere is no folder"),
        (("--generate=nowhere", "--train_groups=1000000000"), "flag --train_groups=1000000000"),
    ],
)
def test_mistakes_are_one_sentence(here, arguments, said):
    done = here("prepare", *arguments)
    assert done.code == 2 and "Traceback" not in done.error
    assert said in done.error.splitlines()[-1]


def test_a_check_names_everything_that_is_wrong(shapes, capsys):
    splits = splits_of("moving_shapes", shapes, 0, ())
    victims = [*splits[1, "train"].videos[:2], splits[1, "test"].videos[2]]
    spoilt = [b"", b"no video", Path(splits[1, "test"].videos[0].path).read_bytes()]
    for video, content in zip(victims, spoilt, strict=True):
        Path(video.path).write_bytes(content)
    found = check_dataset(splits, **ALL)
    said = capsys.readouterr().out
    assert {(problem.path, problem.kind) for problem in found.problems} == {
        (victims[0].path, "empty"),
        (victims[1].path, "unreadable"),
        (victims[2].path, "duplicate"),
    }
    for video in victims:
        assert video.path in said
    assert "36 videos are there, 0 listed ones are missing, 34 decode to their end." in said


def test_missing_videos_are_counted_by_class_and_split_and_named(shared_data, capsys):
    splits = splits_of("ucf101", shared_data / "ucf101", 1, ("Surfing", "YoYo"))
    check_dataset(splits, **ALL, name_missing=True)
    said = capsys.readouterr().out
    assert re.search(r"Surfing +│ 18 / 93 +│ 7 / 33 ", said)
    assert re.search(r"YoYo +│ 0 / 92 +│ 0 / 36 ", said)
    assert "missing from YoYo (128): all of them" in said
    names = re.search(r"missing from Surfing \(101\): (.*?)missing from", said, re.S)[1]
    assert len(re.findall(r"v_Surfing_g\d\d_c\d\d", names)) == 101
    check_dataset(splits, **ALL)
    said = capsys.readouterr().out
    assert re.search(r"missing from Surfing \(101\): (v_Surfing_g\d\d_c\d\d,? ){5}and 96 more\n", said)
    assert "warning: split 1: No training video of 1 of 2 classes, which cannot be learnt: YoYo." in said


def test_a_video_in_both_lists_is_a_duplicate(shapes, capsys):
    splits = splits_of("moving_shapes", shapes, 1, ("ZoomIn",))
    leaking = {**splits, (1, "test"): splits[1, "train"]}
    check_dataset(leaking, **ALL)
    assert f"{splits[1, 'train'].videos[0].path}: is listed 2 times in split 1." in capsys.readouterr().out
    assert len(union(leaking).videos) == 2


def test_what_is_named_like_a_video_and_is_none_is_told(shapes, capsys):
    root = shapes / "videos/ZoomIn"
    (root / "a_link.avi").symlink_to("nowhere.avi")
    os.mkfifo(root / "b_pipe.mp4")
    (root / "c_folder.MKV").mkdir()
    (root / "cut.avi").write_bytes((root / "v_ZoomIn_g01_c01.avi").read_bytes()[:7000])
    found = check_folder(root, **ALL)
    assert len(found.counts) == 3, "the three clips of the class"
    rows = [re.split(r" *│ *", line)[1:-1] for line in capsys.readouterr().out.splitlines() if "│" in line]
    told = {name: (verdict, wrong) for name, verdict, _, wrong in rows if name}
    assert [told[name][0] for name in ("a_link.avi", "b_pipe.mp4", "c_folder.MKV")] == [
        "missing",
        "unreadable",
        "unreadable",
    ]
    assert "is a link to nowhere.avi, which is not there" in told["a_link.avi"][1]
    assert "is a pipe or a device" in told["b_pipe.mp4"][1] and "is a folder" in told["c_folder.MKV"][1]
    assert told["cut.avi"][0] == "damaged" and re.search(r"holds \d of 6 frames", told["cut.avi"][1])


def test_a_memory_that_cannot_be_written_is_told_before_anything_is_decoded(launcher, shapes):
    said = launcher("prepare", "--check", f"--data_dir={shapes}", "--memory=/proc/nowhere/memory.json").sentence()
    assert "--memory=/proc/nowhere/memory.json cannot be written" in said


def test_a_folder_without_videos(tmp_path):
    (tmp_path / "readme.txt").touch()
    with pytest.raises(InputError, match="no video file"):
        check_folder(tmp_path, **ALL)
