import shutil

import pytest

from tvnet_keras.errors import InputError
from tvnet_keras.video import datasets
from tvnet_keras.video.datasets import moving_shapes
from tvnet_keras.video.moving_shapes.writer import write_dataset

# (train, test) lines of the official lists, and how many of these files are in the project's sample of videos.
UCF101 = {1: ((9537, 3783), (108, 53)), 2: ((9586, 3734), (119, 42)), 3: ((9624, 3696), (119, 42))}
HMDB51 = {1: ((3570, 1530), (2, 4)), 2: ((3570, 1530), (5, 2)), 3: ((3570, 1530), (4, 2))}
SIX = ("Archery", "BasketballDunk", "HorseRace", "PlayingPiano", "PlayingViolin", "Surfing")


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


def ucf101_lists(folder, test="A/v_A_g01_c01.avi\r\nB/v_B_g01_c01.avi \r\n", train="A/v_A_g02_c01.avi 1\r\n"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "classInd.txt").write_bytes(b"1 A\r\n2 B\r\n")
    (folder / "testlist01.txt").write_bytes(test.encode())
    (folder / "trainlist01.txt").write_bytes(train.encode())


def test_every_data_set_is_found_by_listing_the_folder():
    assert set(datasets.names()) >= {"folder", "hmdb51", "moving_shapes", "ucf101"}
    for name in datasets.names():
        assert datasets.module(name).SPLITS[0] == 1


def test_an_unknown_data_set_is_named_with_the_nearest(tmp_path):
    with pytest.raises(InputError, match="'ucf-101'.*Did you mean 'ucf101'"):
        datasets.load("ucf-101", tmp_path, subset="train")


@pytest.mark.parametrize("split", [1, 2, 3])
@pytest.mark.parametrize("subset", [0, 1])
@pytest.mark.parametrize(("name", "expected"), [("ucf101", UCF101), ("hmdb51", HMDB51)])
def test_official_lists_are_read_whole(official_lists, name, expected, split, subset):
    videos = datasets.load(name, official_lists / name, subset=("train", "test")[subset], split=split)
    lines, _ = expected[split]
    assert len(videos.missing) == len(set(videos.missing)) == lines[subset] and not videos.videos
    assert len(videos.class_names) == {"ucf101": 101, "hmdb51": 51}[name]
    assert {video.label for video in videos.missing} == set(range(len(videos.class_names)))
    assert videos.flip == "keep"


@pytest.mark.parametrize("split", [1, 2, 3])
@pytest.mark.parametrize("name", ["ucf101", "hmdb51"])
def test_no_video_is_in_both_official_lists_of_a_split(official_lists, name, split):
    train, test = (
        {video.video_id for video in datasets.load(name, official_lists / name, subset=subset, split=split).missing}
        for subset in ("train", "test")
    )
    assert train and test and not train & test


@pytest.mark.parametrize("split", [1, 2, 3])
@pytest.mark.parametrize("subset", [0, 1])
@pytest.mark.parametrize(("name", "expected"), [("ucf101", UCF101), ("hmdb51", HMDB51)])
def test_listed_files_that_are_there_are_found(shared_data, name, expected, split, subset):
    videos = datasets.load(name, shared_data / name, subset=("train", "test")[subset], split=split)
    lines, present = expected[split]
    assert len(videos.videos) == present[subset]
    assert len(videos.videos) + len(videos.missing) == lines[subset]


def test_the_six_class_subset_of_ucf101(shared_data):
    for subset, count in (("train", 18), ("test", 7)):
        videos = datasets.load("ucf101", shared_data / "ucf101", subset=subset, classes=SIX)
        assert videos.class_names == SIX
        labels = [video.label for video in videos.videos]
        assert [labels.count(label) for label in range(6)] == [count] * 6
        assert all(SIX[video.label] in video.path for video in (*videos.videos, *videos.missing))


def test_reencoded_hmdb51_files_have_their_official_ids(official_lists, tmp_path):
    title = "Bruno_Walks_up_Stairs_-_Chicago_Dog_Training_-_We_can_teach_ANYTHING_to_a_dog!!!!"
    name = f"{title}_climb_stairs_f_cm_np1_fr_med_0"
    touch(tmp_path, f"videos_mp4/climb_stairs/{name}.mp4")
    lists = official_lists / "hmdb51/splits"
    (video,) = datasets.load("hmdb51", tmp_path, subset="test", split=2, splits_dir=lists).videos
    assert video.video_id == name and video.path == str(tmp_path / f"videos_mp4/climb_stairs/{name}.mp4")


@pytest.mark.parametrize("lists", [".", "splits", "ucfTrainTestlist"])
@pytest.mark.parametrize("videos", ["UCF-101", "videos", "."])
def test_ucf101_folders(tmp_path, lists, videos):
    ucf101_lists(tmp_path / lists)
    touch(tmp_path / videos, "A/v_A_g01_c01.avi")
    found = datasets.load("ucf101", tmp_path, subset="test")
    assert [(video.label, video.video_id) for video in found.videos] == [(0, "v_A_g01_c01")]
    assert [(video.label, video.video_id) for video in found.missing] == [(1, "v_B_g01_c01")]
    assert found.missing[0].path.endswith("B/v_B_g01_c01.avi")


def test_lists_beside_the_root_and_reencoded_videos(tmp_path):
    ucf101_lists(tmp_path / "lists")
    touch(tmp_path / "data", "A/v_A_g01_c01.mkv", "A/v_A_g01_c01.txt", "B/v_B_g01_c01.webm", "B/v_B_g01_c01.avi")
    found = datasets.load("ucf101", tmp_path / "data", subset="test", splits_dir=tmp_path / "lists")
    assert [video.path.rsplit("/", 1)[1] for video in found.videos] == ["v_A_g01_c01.mkv", "v_B_g01_c01.avi"]


def test_malformed_lists_name_file_and_line(tmp_path):
    for line, said in (("C/v.avi", "line 2"), ("A/v.avi 2", "number 1"), ("nonsense", "line 2")):
        ucf101_lists(tmp_path, test=f"A/v_A_g01_c01.avi\r\n{line}\r\n")
        with pytest.raises(InputError, match=f"testlist01.txt, {said}" if "line" in said else said):
            datasets.load("ucf101", tmp_path, subset="test")


def test_missing_roots_lists_and_wrong_splits_are_one_sentence(tmp_path):
    for name in ("ucf101", "hmdb51"):
        with pytest.raises(InputError, match="no folder"):
            datasets.load(name, tmp_path / "nowhere", subset="test")
        with pytest.raises(InputError, match="none of these folders"):
            datasets.load(name, tmp_path, subset="test")
        with pytest.raises(InputError, match="split=4"):
            datasets.load(name, tmp_path, subset="test", split=4)
        with pytest.raises(InputError, match="subset='val'"):
            datasets.load(name, tmp_path, subset="val")
    ucf101_lists(tmp_path)
    with pytest.raises(InputError, match="testlist02.txt does not exist"):
        datasets.load("ucf101", tmp_path, subset="test", split=2)


def test_hmdb51_leaves_unused_files_out(tmp_path, official_lists):
    shutil.copytree(official_lists / "hmdb51" / "splits", tmp_path / "testTrainMulti_7030_splits")
    touch(
        tmp_path,
        "drink/20060723sfjffsomelikeitwarmed_drink_f_nm_np1_fr_med_5.avi",
        "drink/310ToYuma_drink_h_cm_np1_le_goo_3.avi",
    )
    train = datasets.load("hmdb51", tmp_path, subset="train")
    test = datasets.load("hmdb51", tmp_path, subset="test")
    assert [video.video_id for video in train.videos] == ["310ToYuma_drink_h_cm_np1_le_goo_3"]
    assert test.videos == ()


def test_a_folder_per_class(tmp_path):
    touch(tmp_path / "train", "run/1.mp4", "run/2.MOV", "run/notes.txt", "jump/1.avi")
    touch(tmp_path / "test", "jump/7.avi", "swim/8.avi")
    train = datasets.load("folder", tmp_path, subset="train")
    test = datasets.load("folder", tmp_path, subset="test")
    assert train.class_names == test.class_names == ("jump", "run", "swim")
    # "1" is in two classes, so its class tells the two apart.
    assert [(video.label, video.video_id) for video in train.videos] == [(0, "jump/1"), (1, "run/1"), (1, "2")]
    assert [(video.label, video.video_id) for video in test.videos] == [(0, "7"), (2, "8")]


def test_an_undivided_folder_is_split_by_file_name(tmp_path):
    touch(tmp_path, *(f"{name}/{name}{number}.mp4" for name in "ab" for number in range(300)))
    before = {subset: datasets.load("folder", tmp_path, subset=subset).videos for subset in ("train", "test")}
    assert len(before["train"]) + len(before["test"]) == 600
    assert not set(before["train"]) & set(before["test"])
    # 600 draws of 0.2: five standard deviations are 49.
    assert 71 < len(before["test"]) < 169
    touch(tmp_path, *(f"a/new{number}.mp4" for number in range(50)))
    after = datasets.load("folder", tmp_path, subset="test").videos
    assert set(before["test"]) <= set(after)


def test_a_folder_without_videos(tmp_path):
    touch(tmp_path, "a/readme.txt")
    with pytest.raises(InputError, match="no folder with videos"):
        datasets.load("folder", tmp_path, subset="train")


def test_what_a_mirror_does_to_moving_shapes():
    names = (
        "MoveLeft",
        "MoveRight",
        "MoveUpRight",
        "MoveUpLeft",
        "ZoomIn",
        "RotateCounterclockwise",
        "RotateClockwise",
    )
    assert moving_shapes.flip_of(names) == (1, 0, 3, 2, 4, 6, 5)
    assert moving_shapes.flip_of(("RedDisc", "BlueStar")) == "keep"
    assert moving_shapes.flip_of(("MoveLeft", "ZoomIn")) == "forbidden"


def test_moving_shapes_is_ucf101s_layout(tmp_path):
    (tmp_path / "splits").mkdir()
    (tmp_path / "splits/classInd.txt").write_text("1 MoveLeft\n2 MoveRight\n3 MoveUp\n")
    (tmp_path / "splits/trainlist01.txt").write_text("MoveLeft/v_MoveLeft_g01_c01.avi 1\n")
    touch(tmp_path, "videos/MoveLeft/v_MoveLeft_g01_c01.avi")
    assert datasets.load("moving_shapes", tmp_path, subset="train").flip == (1, 0, 2)
    pair = datasets.load("moving_shapes", tmp_path, subset="train", classes=("MoveUp", "MoveRight", "MoveLeft"))
    assert pair.flip == (0, 2, 1) and pair.videos[0].label == 2


def test_videos_without_labels_are_found_at_any_depth(tmp_path):
    touch(tmp_path / "train", "b.mp4", "deep/er/a.MOV", "deep/notes.txt", "deep/b.avi")
    touch(tmp_path / "test", "c.webm")
    (tmp_path / "train/folder.mp4").mkdir()
    train = datasets.load("unlabelled", tmp_path, subset="train")
    test = datasets.load("unlabelled", tmp_path, subset="test")
    # "b" is there twice, so its folder tells the two apart.
    assert [video.video_id for video in train.videos] == ["train/b", "train/deep/b", "a"]
    assert [(video.path, video.video_id) for video in test.videos] == [(str(tmp_path / "test/c.webm"), "c")]
    assert {video.label for video in (*train.videos, *test.videos)} == {-1}
    assert train.class_names == () and train.flips and train.flip_label(-1) == -1


def test_undivided_videos_without_labels_are_split_by_file_name(tmp_path):
    touch(tmp_path, *(f"{name}/{name}{number}.mp4" for name in "ab" for number in range(300)))
    before = {subset: datasets.load("unlabelled", tmp_path, subset=subset).videos for subset in ("train", "test")}
    assert len(before["train"]) + len(before["test"]) == 600
    assert not set(before["train"]) & set(before["test"])
    assert 71 < len(before["test"]) < 169
    touch(tmp_path, *(f"new{number}.mp4" for number in range(50)))
    assert set(before["test"]) <= set(datasets.load("unlabelled", tmp_path, subset="test").videos)


def test_videos_without_labels_have_no_classes_and_must_be_there(tmp_path):
    with pytest.raises(InputError, match=f"No video is below {tmp_path}"):
        datasets.load("unlabelled", tmp_path, subset="train")
    touch(tmp_path, "a.mp4")
    with pytest.raises(InputError, match="no classes.*classes=Run"):
        datasets.load("unlabelled", tmp_path, subset="train", classes=("Run",))
    with pytest.raises(InputError, match="split=2"):
        datasets.load("unlabelled", tmp_path, subset="train", split=2)
    with pytest.raises(InputError, match="no folder"):
        datasets.load("unlabelled", tmp_path / "nowhere", subset="train")


def test_what_a_data_set_may_also_say_is_asked_for_in_one_place(tmp_path):
    write_dataset(tmp_path, train_groups=1, test_groups=1, frames=4, size=(32, 40))
    video = tmp_path / "videos/MoveRight/v_MoveRight_g01_c01.avi"
    assert datasets.exact_flow_of("moving_shapes")(str(video)).shape == (3, 32, 40, 2)
    pair = ("MoveLeft", "MoveRight")
    assert datasets.flip_of("moving_shapes", pair) == (1, 0)
    for name in ("folder", "ucf101"):
        assert datasets.exact_flow_of(name) is None
        assert datasets.flip_of(name, pair) == "keep"
        assert datasets.recordings_of(name)("a_1", "a") == "a_1"
    for ask in (datasets.exact_flow_of, datasets.recordings_of, lambda name: datasets.flip_of(name, pair)):
        with pytest.raises(InputError, match="Did you mean 'moving_shapes'"):
            ask("moving_shape")


@pytest.mark.parametrize("name", ["folder", "hmdb51", "kinetics", "moving_shapes", "ucf101", "unlabelled"])
def test_hidden_files_in_the_root_are_on_no_list(tmp_path, name):
    lists = {"ucf101": ucf101_lists, "moving_shapes": ucf101_lists, "kinetics": kinetics_lists, "hmdb51": hmdb51_lists}
    lists.get(name, lambda root: None)(tmp_path)
    touch(tmp_path, "A/v_A_g02_c01.avi", "A/aaaaaaaaaaa_000001_000011.mp4")
    before = [datasets.load(name, tmp_path, subset=subset) for subset in ("train", "test")]
    assert before[0].videos
    for hidden in (".tvnet_keras_frame_counts.json", ".partial.trainer-val.1.0.tvnet_keras_frame_counts.json"):
        (tmp_path / hidden).write_text('{"version": 2, "files": {}}')
    assert [datasets.load(name, tmp_path, subset=subset) for subset in ("train", "test")] == before


def kinetics_lists(root):
    for word in ("train", "val"):
        (root / f"{word}.csv").write_text("label,youtube_id,time_start,time_end\nA,aaaaaaaaaaa,1,11\n")


def hmdb51_lists(root):
    (root / "brush_hair_test_split1.txt").write_text("v.avi 1 \n")
    touch(root, "brush_hair/v.avi")


@pytest.mark.parametrize("folder", ["HandstandPushups", "HandStandPushups", "handstandpushups"])
@pytest.mark.parametrize("written", ["HandstandPushups", "HandStandPushups"])
@pytest.mark.parametrize("file", ["v_HandStandPushups_g01_c01.avi", "v_HandstandPushups_g01_c01.mp4"])
def test_the_two_spellings_of_handstand_pushups_are_one_class(tmp_path, folder, written, file):
    (tmp_path / "classInd.txt").write_text("1 HandstandPushups\n2 YoYo\n")
    (tmp_path / "trainlist01.txt").write_text(
        f"{written}/v_HandStandPushups_g01_c01.avi 1\nYoYo/v_YoYo_g01_c01.avi 2\n"
    )
    touch(tmp_path, f"{folder}/{file}")
    found = datasets.load("ucf101", tmp_path, subset="train")
    assert [(video.path, video.label, video.video_id) for video in found.videos] == [
        (f"{tmp_path}/{folder}/{file}", 0, "v_HandStandPushups_g01_c01")
    ]
    assert [video.video_id for video in found.missing] == ["v_YoYo_g01_c01"]


def test_a_name_as_it_is_listed_comes_before_other_spellings(tmp_path):
    ucf101_lists(tmp_path)
    touch(tmp_path, "a/v_A_g01_c01.avi", "A/V_A_g01_c01.avi", "A/v_A_g01_c01.mp4", "A/v_a_g01_c01.avi")
    assert datasets.load("ucf101", tmp_path, subset="test").videos[0].path == f"{tmp_path}/A/v_A_g01_c01.mp4"


@pytest.mark.parametrize("place", ["A/A", "UCF-101/A/A", "UCF-101/UCF-101/A", "videos/a/A"])
def test_an_archive_unpacked_into_a_folder_of_its_own_name_is_found(tmp_path, place):
    ucf101_lists(tmp_path)
    touch(tmp_path, f"{place}/v_A_g01_c01.avi")
    found = datasets.load("ucf101", tmp_path, subset="test").videos
    assert [video.path for video in found] == [f"{tmp_path}/{place}/v_A_g01_c01.avi"]


def test_lists_one_folder_too_deep_are_told(tmp_path):
    ucf101_lists(tmp_path / "a/b")
    with pytest.raises(InputError, match=f"classInd.txt is in none .* One is in {tmp_path}/a/b."):
        datasets.load("ucf101", tmp_path, subset="test")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_lists_as_windows_editors_save_them_are_read(tmp_path, encoding):
    places = {name: tmp_path / name for name in ("ucf101", "hmdb51", "kinetics", "tiny_kinetics")}
    for name, lists in (("ucf101", ucf101_lists), ("hmdb51", hmdb51_lists), ("kinetics", kinetics_lists)):
        places[name].mkdir()
        lists(places[name])
    places["tiny_kinetics"].mkdir()
    kinetics_lists(places["tiny_kinetics"])
    (places["tiny_kinetics"] / "classes.txt").write_text("A\n")
    before = [datasets.load(name, root, subset="train") for name, root in places.items()]
    for root in places.values():
        for path in (*root.glob("*.txt"), *root.glob("*.csv")):
            path.write_text(path.read_text(), encoding=encoding)
    assert [datasets.load(name, root, subset="train") for name, root in places.items()] == before


def test_a_list_that_cannot_be_read_is_one_sentence(tmp_path):
    ucf101_lists(tmp_path)
    (tmp_path / "testlist01.txt").unlink()
    (tmp_path / "testlist01.txt").mkdir()
    with pytest.raises(InputError, match="testlist01.txt cannot be read .Is a directory"):
        datasets.load("ucf101", tmp_path, subset="test")
