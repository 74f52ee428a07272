import pytest

from tvnet_keras.errors import InputError
from tvnet_keras.video.listing import Video, VideoList

NAMES = ("MoveLeft", "MoveRight", "MoveUp", "ZoomIn")


def make_list(flip=(1, 0, 2, 3)):
    videos = tuple(Video(f"{name}/{k}.avi", label, f"{name}_{k}") for label, name in enumerate(NAMES) for k in range(2))
    return VideoList(videos, NAMES, flip, missing=(Video("ZoomIn/9.avi", 3, "ZoomIn_9"),))


def test_restrict_takes_the_label_order_of_its_classes():
    some = make_list().restrict(["ZoomIn", "MoveUp"])
    assert some.class_names == ("ZoomIn", "MoveUp")
    assert [(video.path, video.label) for video in some.videos] == [
        ("MoveUp/0.avi", 1),
        ("MoveUp/1.avi", 1),
        ("ZoomIn/0.avi", 0),
        ("ZoomIn/1.avi", 0),
    ]
    assert [video.label for video in some.missing] == [0]


def test_files_of_other_classes_are_not_missing():
    assert make_list().restrict(["MoveUp"]).missing == ()


def test_flips_follow_the_restriction():
    assert make_list().restrict(["MoveRight", "ZoomIn", "MoveLeft"]).flip == (2, 1, 0)
    assert make_list().restrict(["MoveRight", "ZoomIn"]).flip == "forbidden"
    assert make_list("keep").restrict(["MoveRight"]).flip == "keep"


def test_flip_label():
    assert [make_list().flip_label(label) for label in range(-1, 4)] == [-1, 1, 0, 2, 3]
    assert make_list("keep").flip_label(2) == 2
    with pytest.raises(ValueError, match="no label"):
        make_list("forbidden").flip_label(0)


def test_nothing_to_restrict_keeps_everything():
    assert make_list().restrict(()) == make_list()


def test_wrong_classes_are_named_with_the_nearest():
    with pytest.raises(InputError, match="'moveup'.*Did you mean 'MoveUp'"):
        make_list().restrict(["moveup"])
    with pytest.raises(InputError, match="not one of MoveLeft"):
        make_list().restrict(["qqqqq"])
    with pytest.raises(InputError, match="twice"):
        make_list().restrict(["MoveUp", "MoveUp"])


def test_without_drops_files():
    rest = make_list().without({"ZoomIn/0.avi"})
    assert len(rest.videos) == 7 and "ZoomIn/0.avi" not in {video.path for video in rest.videos}


@pytest.mark.parametrize("flip", ["mirror", (0, 1), (0, 0, 1, 2)])
def test_a_flip_that_is_none_is_refused(flip):
    with pytest.raises(ValueError, match="flip"):
        make_list(flip)
