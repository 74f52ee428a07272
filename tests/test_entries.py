"""What counts as an entry of a folder, and that every reader of folders asks the one place that knows."""

import ast

import numpy as np
import pytest
from PIL import Image

from launch.run.video_report import check_folder
from tests.conftest import REPOSITORY
from tests.launch.pairs_on_disk import write_chairs, write_kitti_pairs, write_pairs, write_sintel
from tvnet_keras.entries import below, entries, files_below, is_entry, matching
from tvnet_keras.errors import InputError
from tvnet_keras.flow import pairs
from tvnet_keras.video import datasets
from tvnet_keras.video.moving_shapes.writer import write_dataset

OTHERS = {
    "tvnet_keras/entries.py": "it is the place",
    "tvnet_keras/atomic.py": "looks for hidden files of its own",
    "launch/exporters/parts/place.py": "looks for anything that is no export",
    "launch/run/run_folder.py": "looks for anything that is no run",
    "launch/run/checkpoints.py": "its own files",
    "tvnet_keras/video/shard_index.py": "its own files",
    "tvnet_keras/ops/native/kernel.py": "its own files",
}
"""Modules that may list folders by themselves, and why; all others read what people and systems put there."""

LISTINGS = {"iterdir", "glob", "iglob", "rglob", "listdir", "scandir", "walk", "fwalk"}


def listings_of(path):
    """The calls in a file that list a folder."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    return [
        f"{node.func.attr}, line {node.lineno}"
        for node in calls
        if isinstance(node.func, ast.Attribute) and node.func.attr in LISTINGS
    ]


def test_every_reader_of_folders_asks_what_counts():
    sources = [path for package in ("tvnet_keras", "models", "launch") for path in (REPOSITORY / package).rglob("*.py")]
    found = {path.relative_to(REPOSITORY).as_posix(): listings_of(path) for path in sources}
    assert found["tvnet_keras/entries.py"]
    found = {name: calls for name, calls in found.items() if calls and name not in OTHERS}
    assert not found, "list folders with tvnet_keras.entries"


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


@pytest.mark.parametrize("name", [".hidden", "._a.mp4", ".DS_Store", "@eaDir", "@EADIR", "__MACOSX", "lost+found"])
def test_what_systems_leave_is_no_entry(name):
    assert not is_entry(name)


@pytest.mark.parametrize("name", ["a.mp4", "#20_Rhythm_clap.avi", "@home", "__init__", "-b_bbbb.mp4", "$100", "走る"])
def test_unusual_names_are_entries(name):
    assert is_entry(name)


def test_a_folder_whose_own_path_is_hidden_is_read(tmp_path):
    root = tmp_path / ".cache/@eaDir"
    touch(root, "a/1.txt", "._a/2.txt", "a/.b/3.txt")
    assert entries(root) == [root / "a"]
    assert files_below(root) == matching(root, "*/*.txt") == [root / "a/1.txt"]
    assert below(root) == [root / "a", root / "a/1.txt"]


def test_links_are_followed_and_circles_end(tmp_path):
    touch(tmp_path, "a/1", "b/2")
    for link, target in (("a/to_b", "b"), ("b/to_a", "a"), ("a/up", "."), ("a/gone", "nowhere"), ("a/self", "a/self")):
        (tmp_path / link).symlink_to(tmp_path / target)
    found = [path.relative_to(tmp_path).as_posix() for path in files_below(tmp_path)]
    assert found == sorted(found)
    assert found == ["a/1", "a/gone", "a/self", "a/to_b/2", "b/2", "b/to_a/1", "b/to_a/gone", "b/to_a/self"]


def test_a_folder_that_cannot_be_read_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    for folder, reason in ((tmp_path / "nowhere", "No such file"), (tmp_path / "file", "Not a directory")):
        with pytest.raises(InputError, match=f"The folder {folder} cannot be read .{reason}"):
            files_below(folder)


HIDDEN = (".ipynb_checkpoints", "@eaDir", "__MACOSX")


@pytest.mark.parametrize(
    ("name", "write", "left"),
    [
        ("middlebury", write_pairs, [f"other-gt-flow/{name}/flow10.flo" for name in HIDDEN]),
        ("flyingchairs", write_chairs, ["._00001_flow.flo", "._00001_img1.ppm", "data/._00009_flow.flo"]),
        ("sintel", write_sintel, [f"training/flow/{name}/frame_0001.flo" for name in HIDDEN]),
        ("kitti", write_kitti_pairs, ["training/flow_occ/._000000_10.png", "training/@eaDir/000009_10.png"]),
    ],
)
def test_what_systems_leave_is_no_pair(tmp_path, name, write, left):
    write(tmp_path)
    before = [pair.name for pair in pairs.load(name, tmp_path)]
    touch(tmp_path, *left)
    assert [pair.name for pair in pairs.load(name, tmp_path)] == before


def test_what_systems_leave_is_no_frame(tmp_path):
    for number in (7, 8, 9):
        Image.fromarray(np.full((6, 8, 3), number, np.uint8)).save(tmp_path / f"frame{number}.png")
    touch(tmp_path, "._frame8.png", ".frame1.png", "@eaDir/frame1.png")
    found = pairs.open_files([tmp_path])
    assert [(pair.name, pair.frames()[0, 0, 0, 0]) for pair in found] == [("frame7", 7), ("frame8", 8)]


def test_what_systems_leave_is_not_checked(tmp_path, capsys):
    (tmp_path / "run").mkdir()
    shapes = write_dataset(tmp_path / "shapes", train_groups=1, test_groups=1, frames=4, size=(32, 32))
    video = next((shapes / "videos/ZoomIn").glob("*.avi"))
    (tmp_path / "run/1.avi").write_bytes(video.read_bytes())
    touch(tmp_path / "run", "._1.avi", "@eaDir/1.avi", ".Trash/2.avi")
    found = check_folder(tmp_path / "run", minimum=2, workers=1, memory=None)
    assert found.problems == () and list(found.counts) == [str(tmp_path / "run/1.avi")]
    assert "fine" in capsys.readouterr().out


def test_what_systems_leave_is_no_list(tmp_path):
    for word in ("train", "val"):
        (tmp_path / f"{word}.csv").write_text("label,youtube_id,time_start,time_end\nA,aaaaaaaaaaa,1,11\n")
    (tmp_path / "brush_hair_test_split1.txt").write_text("v.avi 1 \n")
    touch(tmp_path, "brush_hair/v.avi", "B/aaaaaaaaaaa_000001_000011.mp4")
    before = [datasets.load(name, tmp_path, subset="train") for name in ("hmdb51", "kinetics")]
    touch(tmp_path, "._brush_hair_test_split1.txt", "._train.csv", "brush_hair/._v.avi", "brush_hair/@eaDir/v.avi")
    touch(tmp_path, "@eaDir/aaaaaaaaaaa_1_11.mp4", "A/._aaaaaaaaaaa_000001_000011.mp4", "A/.v.avi")
    assert [datasets.load(name, tmp_path, subset="train") for name in ("hmdb51", "kinetics")] == before


def test_a_fresh_drive_is_an_empty_folder(tmp_path):
    (tmp_path / "lost+found").mkdir()
    touch(tmp_path, ".DS_Store")
    write_dataset(tmp_path, train_groups=1, test_groups=1, frames=4, size=(32, 32))
    assert len(datasets.load("moving_shapes", tmp_path, subset="train").videos) == 12
