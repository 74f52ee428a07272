"""Kinetics' published lists, on generated files: their columns, file names, subsets and what is missing."""

import json

import pytest

from tvnet_keras.errors import InputError
from tvnet_keras.video import datasets

TRAIN = """label,youtube_id,time_start,time_end,split
tai chi,aaaaaaaaaaa,10,20,train
abseiling,-b_bbbb_bbb,3,13,train
tai chi,ccccccccccc,0,10,train
"""
VAL = """label,youtube_id,time_start,time_end,split
tai chi,ddddddddddd,10,20,val
riding a bike,eeeeeeeeeee,120,130,val
"""
JSON = {
    "aaaaaaaaaaa": {"annotations": {"label": "tai chi", "segment": [10.0, 20.0]}, "subset": "training"},
    "-b_bbbb_bbb": {"annotations": {"label": "abseiling", "segment": [3.0, 13.0]}, "subset": "training"},
    "ccccccccccc": {"annotations": {"label": "tai chi", "segment": [0.0, 10.0]}, "subset": "training"},
    "ddddddddddd": {"annotations": {"label": "tai chi", "segment": [10.0, 20.0]}, "subset": "validation"},
    "eeeeeeeeeee": {"annotations": {"label": "riding a bike", "segment": [120, 130]}, "subset": "validation"},
}
NAMES = ("abseiling", "riding a bike", "tai chi")


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


@pytest.fixture(params=["csv", "json", "one file"])
def root(request, tmp_path):
    """The same list in every form it comes in; two of five videos are there, in folders and by names of two kinds."""
    (tmp_path / "annotations").mkdir()
    if request.param == "csv":
        (tmp_path / "annotations/kinetics_train.csv").write_text(TRAIN)
        (tmp_path / "annotations/kinetics_val.csv").write_text("\ufeff" + VAL)
    elif request.param == "json":
        (tmp_path / "annotations/trainval.json").write_text(json.dumps(JSON))
    else:
        (tmp_path / "annotations/trainval.csv").write_text(TRAIN + VAL.split("\n", 1)[1])
    touch(tmp_path, "train/tai chi/aaaaaaaaaaa_000010_000020.mp4", "val/ddddddddddd_10_20.mkv", "val/ddddddddddd.txt")
    touch(tmp_path, "train/abseiling/-b_bbbb_bbb_000003_000013.mp4.part", "train/ccccccccccc_000001_000011.mp4")
    return tmp_path


def test_lists_are_read_files_found_and_the_missing_counted(root):
    videos = datasets.load("kinetics", root, subset="train")
    assert videos.class_names == NAMES and videos.flip == "keep"
    assert [(v.video_id, v.label) for v in videos.videos] == [("aaaaaaaaaaa_000010_000020", 2)]
    assert videos.videos[0].path == str(root / "train/tai chi/aaaaaaaaaaa_000010_000020.mp4")
    # A download that was cut off, and another ten seconds of the same video.
    assert [v.video_id for v in videos.missing] == ["-b_bbbb_bbb_000003_000013", "ccccccccccc_000000_000010"]


def test_the_validation_list_tests_and_has_the_same_labels(root):
    videos = datasets.load("kinetics", root, subset="test")
    assert videos.class_names == NAMES
    assert [(v.video_id, v.label) for v in videos.videos] == [("ddddddddddd_000010_000020", 2)]
    assert [v.video_id for v in videos.missing] == ["eeeeeeeeeee_000120_000130"]


def test_tiny_kinetics_is_the_classes_of_a_file_or_those_asked_for(root):
    with pytest.raises(InputError, match=r"needs its authors' lists: .* and the classes in .*classes\.txt"):
        datasets.load("tiny_kinetics", root, subset="train")
    asked = datasets.load("tiny_kinetics", root, subset="train", classes=["tai chi"])
    (root / "classes.txt").write_text("tai chi\n\nriding a bike\n")
    listed = datasets.load("tiny_kinetics", root, subset="train")
    assert asked.class_names == ("tai chi",) and listed.class_names == ("tai chi", "riding a bike")
    assert [v.label for v in (*listed.videos, *listed.missing)] == [0, 0]
    (root / "classes.txt").write_text("taichi\n")
    with pytest.raises(InputError, match="Did you mean 'tai chi'"):
        datasets.load("tiny_kinetics", root, subset="train")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("train.csv", "label,youtube_id\ntai chi,aaaaaaaaaaa\n", "line 2: expected label, youtube_id, time_start"),
        ("train.csv", "label,youtube_id,time_start,time_end\n,aaaaaaaaaaa,1,2\n", "line 2: expected label"),
        ("train.csv", "label,youtube_id,time_start,time_end\ntai chi,aaaaaaaaaaa,soon,2\n", "line 2: expected label"),
        ("train.json", "[1, 2]", "is no json list of Kinetics"),
        ("train.json", '{"aaaaaaaaaaa": {"subset": "training"}}', "is no json list of Kinetics"),
    ],
)
def test_a_malformed_list_is_refused(tmp_path, name, content, said):
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=said):
        datasets.load("kinetics", tmp_path, subset="train")


def test_a_list_that_is_not_there_or_there_twice_is_refused(tmp_path):
    (tmp_path / "train.csv").write_text(TRAIN)
    with pytest.raises(InputError, match="No csv or json list with 'val' in its name"):
        datasets.load("kinetics", tmp_path, subset="test")
    (tmp_path / "train_600.csv").write_text(TRAIN)
    with pytest.raises(InputError, match=r"several train lists \(train\.csv, train_600\.csv\)"):
        datasets.load("kinetics", tmp_path, subset="train")
