"""How people lay out videos in folders: what is no video is no class, and no video goes unseen without a word."""

import re

import pytest

from tvnet_keras.errors import InputError
from tvnet_keras.video import datasets
from tvnet_keras.video.listing import class_warnings

SYSTEM = (".ipynb_checkpoints", ".Trash", ".Trash-1000", "@eaDir", "__MACOSX", "#recycle", "$RECYCLE.BIN", "lost+found")


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


def listed(root, name="folder"):
    """The two lists of a data set, and `(class, path below the root)` of all their videos."""
    lists = {subset: datasets.load(name, root, subset=subset) for subset in ("train", "test")}
    videos = {
        (part.class_names[video.label], video.path.removeprefix(f"{root}/"))
        for part in lists.values()
        for video in part.videos
    }
    return lists, videos


@pytest.mark.parametrize("below", ["", "train/"])
def test_a_class_folder_below_another_folder_is_refused(tmp_path, below):
    touch(tmp_path, f"{below}sport/run/1.mp4", f"{below}walk/2.mp4", "test/walk/3.mp4" if below else "walk/4.mp4")
    place = tmp_path / below
    with pytest.raises(InputError) as refusal:
        datasets.load("folder", tmp_path, subset="train")
    said = str(refusal.value)
    assert f"{place / 'sport/run/1.mp4'} lies deeper than <class>/<video>" in said
    assert f"move {place / 'sport/run'} to {place / 'run'} if it is a class" in said
    assert f"to {place / 'sport'} if they are of that class" in said


def test_videos_below_the_videos_of_a_class_are_refused(tmp_path):
    touch(tmp_path, "run/1.mp4", "run/monday/2.mp4", "walk/3.mp4")
    with pytest.raises(InputError, match=f"{tmp_path}/run/monday/2.mp4 lies deeper"):
        datasets.load("folder", tmp_path, subset="train")
    (tmp_path / "run/monday").rename(tmp_path / "run/.monday")
    assert listed(tmp_path)[1] == {("run", "run/1.mp4"), ("walk", "walk/3.mp4")}


@pytest.mark.parametrize(
    ("names", "root"),
    [
        (("videos/run/1.mp4", "videos/walk/2.mp4"), "videos"),
        (("a/b/run/1.mp4", "a/b/walk/2.mp4"), "a/b"),
        (("data/train/run/1.mp4", "data/test/run/2.mp4"), "data"),
        (("data/train/run/1.mp4", "data/val/run/2.mp4"), "data"),
        (("train/run/1.mp4", "train/walk/2.mp4"), "train"),
    ],
)
def test_a_root_that_is_too_high_is_told_the_right_one(tmp_path, names, root):
    touch(tmp_path, *names)
    with pytest.raises(InputError, match=f"give {tmp_path / root} as the data root"):
        datasets.load("folder", tmp_path, subset="train")
    assert all(part.class_names for part in listed(tmp_path / root)[0].values())


def test_a_root_that_is_too_low_is_said(tmp_path):
    touch(tmp_path, "run/1.mp4", "run/2.mp4")
    with pytest.raises(InputError, match="holds 2 videos itself, such as 1.mp4, but no folder with videos in it"):
        datasets.load("folder", tmp_path / "run", subset="train")


def test_an_archive_unpacked_into_a_folder_of_its_own_name_is_one_class(tmp_path):
    touch(tmp_path, "run/run/1.mp4", "walk/walk/2.mp4", "jump/3.mp4")
    assert listed(tmp_path)[1] == {("run", "run/run/1.mp4"), ("walk", "walk/walk/2.mp4"), ("jump", "jump/3.mp4")}


@pytest.mark.parametrize(
    "folders", [("train", "val"), ("Train", "Test"), ("training", "validation"), ("train", "valid")]
)
def test_other_names_of_the_two_parts_are_known(tmp_path, folders):
    touch(tmp_path, f"{folders[0]}/run/1.mp4", f"{folders[1]}/run/2.mp4")
    lists, _ = listed(tmp_path)
    assert [video.path for video in lists["train"].videos] == [f"{tmp_path}/{folders[0]}/run/1.mp4"]
    assert [video.path for video in lists["test"].videos] == [f"{tmp_path}/{folders[1]}/run/2.mp4"]
    for subset, number in (("train", 1), ("test", 2)):
        found = datasets.load("unlabelled", tmp_path, subset=subset).videos
        assert [video.video_id for video in found] == [str(number)]


def test_validation_beside_a_test_is_left_out_and_said(tmp_path):
    touch(tmp_path, "train/run/1.mp4", "test/run/2.mp4", "val/run/3.mp4")
    lists, videos = listed(tmp_path)
    assert videos == {("run", "train/run/1.mp4"), ("run", "test/run/2.mp4")}
    assert lists["train"].notes == (
        f"{tmp_path}/val is left out unless for validation, as {tmp_path}/test holds the test videos.",
    )


def test_a_folder_of_validation_videos_is_a_list_of_its_own(tmp_path):
    touch(tmp_path, "train/run/1.mp4", "train/walk/2.mp4", "test/run/3.mp4", "Valid/walk/4.mp4", "Valid/run/5.mp4")
    own = datasets.validation_list_of("folder", tmp_path)
    assert [(own.class_names[video.label], video.path) for video in own.videos] == [
        ("run", f"{tmp_path}/Valid/run/5.mp4"),
        ("walk", f"{tmp_path}/Valid/walk/4.mp4"),
    ]
    assert not own.notes and own.class_names == datasets.load("folder", tmp_path, subset="train").class_names
    (walk,) = datasets.validation_list_of("folder", tmp_path, classes=("walk",)).videos
    assert (walk.video_id, walk.label) == ("4", 0)
    touch(tmp_path, "Valid/jump/6.mp4")
    with pytest.raises(InputError, match="Valid/jump is of a class that neither .*/train nor .*/test has"):
        datasets.validation_list_of("folder", tmp_path)


@pytest.mark.parametrize("names", [("train/run/1.mp4", "val/run/2.mp4"), ("run/1.mp4", "val/2.mp4")])
def test_without_test_videos_those_for_validation_are_tested_on(tmp_path, names):
    touch(tmp_path, *names)
    assert datasets.validation_list_of("folder", tmp_path) is None
    assert datasets.validation_list_of("ucf101", tmp_path) is None


@pytest.mark.parametrize("name", ["folder", "unlabelled"])
def test_a_folder_that_is_not_divided_keeps_recordings_together(tmp_path, name):
    files = [f"run/day{day}_clip{clip}.mp4" for day in range(1, 6) for clip in range(1, 4)]
    touch(tmp_path, *files)
    parts = [datasets.load(name, tmp_path, subset=subset, group="(.+)_clip") for subset in ("train", "test")]
    days = [{video.video_id.partition("_")[0] for video in part.videos} for part in parts]
    assert [len(found) for found in days] == [4, 1] and not days[0] & days[1]
    assert sum(len(part.videos) for part in parts) == len(files)


def test_what_is_on_no_list_is_said(tmp_path):
    touch(tmp_path, "run/1.mp4", "walk/2.mp4", "intro.mp4", "outro.mp4", "labels/run.csv", "README.txt")
    (tmp_path / "jump").mkdir()
    lists, _ = listed(tmp_path)
    assert lists["test"].class_names == ("run", "walk")
    assert (
        lists["train"].notes
        == lists["test"].notes
        == (
            f"Videos in {tmp_path} itself, in the folder of no class, are left out: intro.mp4, outro.mp4.",
            f"These folders in {tmp_path} hold no video and are no class: jump, labels.",
        )
    )
    assert lists["train"].restrict(("run",)).notes == lists["train"].notes


@pytest.mark.parametrize("system", SYSTEM)
@pytest.mark.parametrize("below", ["", "train/"])
def test_what_systems_leave_in_a_folder_is_no_class(tmp_path, system, below):
    touch(tmp_path, f"{below}run/1.mp4", f"{below}walk/2.mp4", "test/run/3.mp4" if below else "run/3.mp4")
    before = listed(tmp_path), [datasets.load("unlabelled", tmp_path, subset=name) for name in ("train", "test")]
    touch(tmp_path, f"{below}{system}/4.mp4", f"{below}run/{system}/5.mp4", f"{below}run/._1.mp4", "._6.mp4")
    touch(tmp_path, f"{below}{system}/run/7.mp4", f"{system}/train/run/8.mp4")
    after = listed(tmp_path), [datasets.load("unlabelled", tmp_path, subset=name) for name in ("train", "test")]
    assert after == before


def test_linked_folders_are_followed_and_a_circle_ends(tmp_path):
    touch(tmp_path, "elsewhere/1.mp4", "data/walk/2.mp4")
    (tmp_path / "data/run").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data/walk/walk").symlink_to(tmp_path / "data/walk")
    assert listed(tmp_path / "data")[1] == {("run", "run/1.mp4"), ("walk", "walk/2.mp4")}


def test_files_of_one_name_have_ids_of_their_own(tmp_path):
    touch(tmp_path, *(f"{part}/{name}" for part in ("train", "test") for name in FILES))
    for name, expected in IDS.items():
        found = datasets.load(name, tmp_path, subset="train").videos
        assert [video.video_id for video in found] == expected


FILES = ("run/1.avi", "run/1.mp4", "run/2.mp4", "run/3.mp4", "run/run/3.mp4", "walk/1.mp4", "walk/2.mp4", "walk/4.mp4")
IDS = {
    "folder": ["run/1.avi", "run/1.mp4", "run/2", "run/3.mp4", "run/run/3.mp4", "walk/1", "walk/2", "4"],
    "unlabelled": [
        *("train/run/1.avi", "train/run/1.mp4", "train/run/2", "train/run/3", "train/run/run/3"),
        *("train/walk/1", "train/walk/2", "4"),
    ],
}

NAMES = tuple("abcdefgh")


@pytest.mark.parametrize(
    ("names", "training", "test", "said"),
    [
        (("a", "b"), (0, 1), (1, 0), []),
        ((), (-1,), (-1,), []),
        (("a",), (0, 0), (0,), ["There is one class, a: a loss of 0 and an accuracy of 1 say nothing"]),
        (("a", "b"), (0,), (0, 1), ["No training video of 1 of 2 classes, which cannot be learnt: b"]),
        (("a", "b"), (0, 1), (0,), ["No test video of 1 of 2 classes, of which the accuracy says nothing: b"]),
        (NAMES, (0, 1), (0, 1), ["of 6 of 8 classes, .*: c, d, e, f, g and 1 more", "No test video of 6 of 8"]),
    ],
)
def test_classes_that_make_a_comparison_empty_are_told(names, training, test, said):
    sentences = class_warnings(names, training, test)
    assert len(sentences) == len(said)
    for sentence, expected in zip(sentences, said, strict=True):
        assert re.search(expected, sentence)
