"""The authors' lists of Tiny-Kinetics: small ones written here, and the real ones where they are."""

import json
import shutil
from collections import Counter

import pytest

from tvnet_keras.errors import InputError
from tvnet_keras.video import datasets

CLASSES = {'"drop kicking"': 2, "hugging": 0, '"making tea"': 1}
TRAIN = {"rgb_aaaaaaaaaaa_2_12.mp4": 2, "rgb__b-bb_1_10b_100_110.mp4": 0, "rgb_rgb_ccccccc_0_10.mp4": 1}
VAL = {"rgb_ddddddddddd_10_20.mp4": 1, "rgb_eeeeeeeeeee_7_17.mp4": 0}
NAMES = ("hugging", "making tea", "drop kicking")


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


def write(folder, **changed):
    """The three lists, as the authors name them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in {"cls": CLASSES, "train": TRAIN, "val": VAL, **changed}.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / f"minikinetics_{name}.json").write_text(text)


@pytest.fixture(params=[".", "annotations", "splits"])
def root(request, tmp_path):
    """Lists in every place where they may lie, and files as the authors and as Kinetics' downloader name them."""
    write(tmp_path / request.param)
    touch(tmp_path, "rgb_aaaaaaaaaaa_2_12.mp4", "train/hugging/_b-bb_1_10b_000100_000110.mkv")
    touch(tmp_path, "val/ddddddddddd_10_20.webm", "ccccccc_0_10.mp4", "eeeeeeeeeee_7_18.mp4")
    return tmp_path


def found(videos):
    return [(video.video_id, video.label) for video in videos]


def test_the_authors_lists_are_read_and_files_of_either_name_are_found(root):
    videos = datasets.load("tiny_kinetics", root, subset="train")
    assert videos.class_names == NAMES and videos.flip == "keep"
    assert found(videos.videos) == [("aaaaaaaaaaa_000002_000012", 2), ("_b-bb_1_10b_000100_000110", 0)]
    assert videos.videos[0].path == str(root / "rgb_aaaaaaaaaaa_2_12.mp4")
    assert videos.videos[1].path == str(root / "train/hugging/_b-bb_1_10b_000100_000110.mkv")
    # An id that itself begins as the authors' prefix: without it, the file is another one's.
    assert found(videos.missing) == [("rgb_ccccccc_000000_000010", 1)]
    assert videos.order[-1] == "rgb_ccccccc_000000_000010" and len(videos.order) == 3


def test_kinetics_own_lists_may_lie_beside_the_authors(root):
    header = "label,youtube_id,time_start,time_end\n"
    for name, line in (("train", "hugging,_b-bb_1_10b,100,110\n"), ("val", "marching,ddddddddddd,10,20\n")):
        (root / f"kinetics_{name}.csv").write_text(header + line)
    assert found(datasets.load("kinetics", root, subset="train").videos) == [("_b-bb_1_10b_000100_000110", 0)]
    assert found(datasets.load("tiny_kinetics", root, subset="train").videos)[0] == ("aaaaaaaaaaa_000002_000012", 2)
    (root / "kinetics_train.csv").unlink()
    with pytest.raises(InputError, match="No csv or json list with 'train' in its name"):
        datasets.load("kinetics", root, subset="train")


def test_the_validation_list_tests(root):
    videos = datasets.load("tiny_kinetics", root, subset="test")
    assert videos.class_names == NAMES
    assert found(videos.videos) == [("ddddddddddd_000010_000020", 1)]
    assert found(videos.missing) == [("eeeeeeeeeee_000007_000017", 0)]


def test_classes_of_ones_own_restrict_the_lists(root):
    asked = datasets.load("tiny_kinetics", root, subset="train", classes=["drop kicking", "hugging"])
    (root / "classes.txt").write_text("drop kicking\nhugging\n")
    assert datasets.load("tiny_kinetics", root, subset="train") == asked
    assert found(asked.videos) == [("aaaaaaaaaaa_000002_000012", 0), ("_b-bb_1_10b_000100_000110", 1)]
    assert not asked.missing
    with pytest.raises(InputError, match="Did you mean 'making tea'"):
        datasets.load("tiny_kinetics", root, subset="train", classes=["making teas"])


def test_no_list_at_all_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match=r"put minikinetics_cls\.json, .* into .*, or Kinetics' own .*classes\.txt"):
        datasets.load("tiny_kinetics", tmp_path, subset="train")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"train": "{"}, r"minikinetics_train\.json is no list of Tiny-Kinetics \("),
        ({"train": "[" * 100_000}, r"minikinetics_train\.json is no list of Tiny-Kinetics \("),
        ({"train": "[1, 2]"}, r"minikinetics_train\.json is no list of names and labels"),
        ({"train": "3"}, r"minikinetics_train\.json is no list of names and labels"),
        ({"train": {"rgb_aaaaaaaaaaa_2_12.mp4": "2"}}, r"minikinetics_train\.json is no list of names and labels"),
        ({"train": {"rgb_aaaaaaaaaaa_2_12.mp4": True}}, r"minikinetics_train\.json is no list of names and labels"),
        ({"train": '{"rgb_aaaaaaaaaaa_2_12.mp4": 1, "rgb_aaaaaaaaaaa_2_12.mp4": 2}'}, "_2_12.mp4' is in it twice"),
        ({"train": {"aaaaaaaaaaa_2_12.mp4": 2}}, "expected rgb_.* Received: 'aaaaaaaaaaa_2_12.mp4': 2"),
        ({"train": {"rgb_aaaaaaaaaaa_2_12.mp4": 3}}, "a label below 3. Received: 'rgb_aaaaaaaaaaa_2_12.mp4': 3"),
        ({"train": {"rgb_aaaaaaaaaaa_2_12.mp4": -1}}, "a label below 3. Received: 'rgb_aaaaaaaaaaa_2_12.mp4': -1"),
        ({"cls": {"hugging": 0, "marching": 2}}, r"minikinetics_cls\.json does not give the labels 0, 1, 2"),
        ({"cls": {}}, r"minikinetics_cls\.json does not give the labels 0, 1, 2"),
        ({"cls": {"marching": 0, '"marching"': 1}}, r"minikinetics_cls\.json does not give the labels 0, 1, 2"),
    ],
)
def test_a_malformed_list_is_one_sentence(tmp_path, changed, said):
    write(tmp_path, **changed)
    with pytest.raises(InputError, match=said) as told:
        datasets.load("tiny_kinetics", tmp_path, subset="train")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(("name", "subset"), [("cls", "train"), ("val", "test")])
def test_a_list_that_lacks_another_is_one_sentence(tmp_path, name, subset):
    write(tmp_path)
    (tmp_path / f"minikinetics_{name}.json").unlink()
    with pytest.raises(InputError, match=rf"minikinetics_{name}\.json does not exist; put it there, beside the other"):
        datasets.load("tiny_kinetics", tmp_path, subset=subset)


def test_lists_as_windows_editors_save_them_are_read(root):
    before = datasets.load("tiny_kinetics", root, subset="train")
    for path in root.rglob("*.json"):
        path.write_text(path.read_text(), encoding="utf-16")
    assert datasets.load("tiny_kinetics", root, subset="train") == before


@pytest.fixture(scope="module")
def published(shared_data, tmp_path_factory):
    """Both lists of the authors' own files; no video of theirs is here."""
    lists = shared_data / "kinetics_lists"
    if not lists.is_dir():
        pytest.skip(f"needs the authors' lists in {lists}")
    root = tmp_path_factory.mktemp("tiny_kinetics")
    for path in lists.glob("*.json"):
        shutil.copy(path, root)
    return [datasets.load("tiny_kinetics", root, subset=subset) for subset in ("train", "test")]


def test_the_published_lists_have_150_classes_and_93467_videos(published):
    train, test = published
    assert (len(train.missing), len(test.missing)) == (86_365, 7_102) and not train.videos and not test.videos
    assert train.class_names == test.class_names and len(train.class_names) == 150
    assert not [name for name in train.class_names if '"' in name]
    assert train.class_names[141] == "drop kicking" and train.class_names[112] == "hugging"
    for part in published:
        assert set(Counter(video.label for video in part.missing)) == set(range(150))


def test_no_published_recording_trains_and_tests(published):
    of = datasets.recordings_of("tiny_kinetics")
    train, test = ({of(video.video_id, "") for video in part.missing} for part in published)
    assert not train & test
    # Every video is of a recording of its own, whose id YouTube gives eleven characters.
    assert (len(train), len(test)) == (86_365, 7_102) and {len(name) for name in train | test} == {11}
