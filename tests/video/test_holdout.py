"""A part to validate on and a part to learn from, by whole recordings."""

import dataclasses
import random
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tvnet_keras.errors import InputError
from tvnet_keras.video import datasets
from tvnet_keras.video.holdout import hold_out, own_part, portion, recordings_by, ungrouped, usual_pattern
from tvnet_keras.video.listing import Video, VideoList

CLASSES = ("Run", "Walk", "Wave")
scenes = st.lists(st.tuples(st.text(min_size=1, max_size=4), st.integers(-1, 2)), min_size=1, max_size=60)
fractions = st.floats(0.0, 0.99)


def listed(clips, missing=()):
    """A list of videos, each of a recording and a class; those at the places `missing` are not there."""
    # What stands before the last bar is the recording, whatever letters it has.
    videos = [Video(f"{name}/{k}", label, f"{name}|{k}") for k, (name, label) in enumerate(clips)]
    present, absent = (tuple(v for k, v in enumerate(videos) if (k in missing) == gone) for gone in (False, True))
    return VideoList(present, CLASSES, missing=absent, order=tuple(video.video_id for video in videos))


def recording_of(video_id, class_name):
    return video_id.rpartition("|")[0]


def recordings(videos, of=recording_of):
    """The recordings of every label, whether the files are there or not."""
    found = defaultdict(set)
    for video in (*videos.videos, *videos.missing):
        found[video.label].add(of(video.video_id, videos.class_names[video.label]))
    return found


def everything(videos):
    return {*videos.videos, *videos.missing}


@settings(max_examples=40, deadline=None)
@given(scenes, fractions)
def test_no_recording_is_on_both_sides_and_every_video_on_one(clips, fraction):
    videos = listed(clips)
    rest, held = hold_out(videos, fraction, recording_of)
    assert not set().union(*recordings(rest).values()) & set().union(*recordings(held).values())
    assert everything(rest) | everything(held) == everything(videos) and not everything(rest) & everything(held)
    for label, names in recordings(videos).items():
        assert len(recordings(held)[label]) <= max(1, fraction * len(names) + 0.5)
        assert recordings(rest)[label]


@settings(max_examples=40, deadline=None)
@given(scenes, fractions.filter(bool))
def test_the_fraction_is_met_within_one_recording_of_every_class(clips, fraction):
    videos = listed([(f"{label} {name}", label) for name, label in clips])
    _, held = hold_out(videos, fraction, recording_of)
    part = portion(videos, fraction, recording_of)
    for label, names in recordings(videos).items():
        assert abs(len(recordings(held)[label]) - fraction * len(names)) <= 1
        assert len(recordings(held)[label]) >= (len(names) > 1)
        assert abs(len(recordings(part)[label]) - fraction * len(names)) <= 1
        assert recordings(part)[label]


@settings(max_examples=40, deadline=None)
@given(scenes, fractions.filter(bool), st.sets(st.integers(0, 59)), st.randoms())
def test_the_draw_knows_neither_the_order_nor_what_is_missing(clips, fraction, missing, rng):
    videos = listed(clips)
    torn = listed(clips, missing)
    shuffled = dataclasses.replace(videos, videos=tuple(rng.sample(videos.videos, len(videos.videos))))
    for draw in (lambda v: hold_out(v, fraction, recording_of)[1], lambda v: portion(v, fraction, recording_of)):
        drawn = everything(draw(videos))
        assert everything(draw(torn)) == everything(draw(shuffled)) == drawn
        assert {video.video_id for video in drawn} == set(draw(torn).order)
        # Nothing is moved to the other side of the list.
        assert set(draw(torn).missing) <= set(torn.missing)
        assert [video for video in shuffled.videos if video in drawn] == list(draw(shuffled).videos)


@settings(max_examples=40, deadline=None)
@given(scenes, fractions.filter(bool), fractions.filter(bool), fractions)
def test_a_smaller_portion_lies_within_a_larger_one(clips, one, other, kept_back):
    rest, _ = hold_out(listed(clips), kept_back, recording_of)
    small, large = (everything(portion(rest, part, recording_of)) for part in sorted((one, other)))
    assert small <= large <= everything(portion(rest, 1.0, recording_of)) == everything(rest)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 60), fractions.filter(bool), fractions)
def test_a_portion_of_the_rest_lies_within_that_of_the_whole_list(count, part, kept_back):
    videos = listed([(str(number), 0) for number in range(count)])
    rest, _ = hold_out(videos, kept_back, recording_of)
    assert everything(portion(rest, part, recording_of)) <= everything(portion(videos, part, recording_of))


def test_with_one_more_recording_at_most_one_moves():
    names = [str(number) for number in random.Random(0).sample(range(1000), 31)]
    before, after = (
        hold_out(listed([(name, 0) for name in some]), 0.3, recording_of)[1] for some in (names[1:], names)
    )
    left = recordings(before)[0] - recordings(after)[0]
    assert len(left) <= 1


def test_of_nothing_nothing_is_kept_back():
    videos = listed([("a", 0), ("b", 0)])
    assert hold_out(videos, 0.0, recording_of)[0] == videos
    for draw, wrong in ((hold_out, 1.0), (hold_out, -0.1), (portion, 0.0), (portion, 1.1), (portion, float("nan"))):
        with pytest.raises(ValueError, match=f"fraction={wrong}"):
            draw(videos, wrong, recording_of)


@pytest.mark.parametrize(
    ("name", "first"),
    # Settings are chosen on these, and runs go on with them: the law of the draw stays.
    [
        ("ucf101", ["v_applyeyemakeup_g15", "v_applyeyemakeup_g19"]),
        ("hmdb51", ["My_Hair_Routine", "brush_my_hair_without_wearing_the_glasses", "sarah_brushing_her_hair"]),
    ],
)
def test_official_training_lists_are_divided_evenly(official_lists, name, first):
    videos, of = datasets.load(name, official_lists / name, subset="train"), datasets.recordings_of(name)
    rest, held = (recordings(part, of) for part in hold_out(videos, 0.1, of))
    for label, names in recordings(videos, of).items():
        assert len(held[label]) >= 1 and abs(len(held[label]) - 0.1 * len(names)) <= 1
    assert not set().union(*rest.values()) & set().union(*held.values())
    assert sorted(held[0]) == first


@pytest.mark.parametrize(
    ("name", "video_id", "class_name", "recording"),
    [
        ("ucf101", "v_HandStandPushups_g01_c04", "HandstandPushups", "v_handstandpushups_g01"),
        ("ucf101", "holiday_g01", "Surfing", "holiday_g01"),
        ("moving_shapes", "v_MoveUp_g12_c01", "MoveUp", "g12"),
        ("hmdb51", "April_09_brush_hair_u_nm_np1_ba_goo_0", "brush_hair", "April_09"),
        ("hmdb51", "kick__kick_ball_f_cm_np2_le_med_13", "kick_ball", "kick_"),
        ("hmdb51", "mine_kick", "kick", "mine_kick"),
        ("kinetics", "a_b-c_00001_000004_000014", "abseiling", "a_b-c_00001"),
        ("tiny_kinetics", "abcdefghijk_000004_000014", "abseiling", "abcdefghijk"),
        ("unlabelled", "v_Surfing_g01_c01", "", "v_Surfing_g01_c01"),
    ],
)
def test_names_tell_the_recording(name, video_id, class_name, recording):
    assert datasets.recordings_of(name)(video_id, class_name) == recording


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        # The first group; all that is found, without one; nothing is found; a group that takes no part.
        (r"(.+)_c\d+$", ["v_Run_g01", "v_Run_g01", "v_Walk_g02", "run/holiday.mp4"]),
        (r"g\d+", ["g01", "g01", "g02", "run/holiday.mp4"]),
        (r"run|walk", ["v_Run_g01_c01", "v_Run_g01_c02", "run/v_Walk_g02_c01", "run/holiday.mp4"]),
        (r"g\d+(x)?", ["g01", "g01", "g02", "run/holiday.mp4"]),
    ],
)
def test_a_pattern_names_the_recording(pattern, expected):
    ids = ["v_Run_g01_c01", "v_Run_g01_c02", "run/v_Walk_g02_c01", "run/holiday.mp4"]
    found = [recordings_by(pattern)(name, "Run") for name in ids]
    assert found == expected
    assert ungrouped(pattern, ids) == [name for name, recording in zip(ids, found, strict=True) if name == recording]


def test_a_pattern_that_is_none_is_named():
    with pytest.raises(InputError, match=r"The group '\(' is no regular expression: "):
        recordings_by("(")


def test_folders_without_lists_are_divided_by_recordings_of_every_class():
    names = [f"v_{name}_g{group:02d}_c{clip:02d}" for name in CLASSES for group in range(1, 7) for clip in range(1, 5)]
    videos = VideoList(tuple(Video(f"{name}.avi", CLASSES.index(name.split("_")[1]), name) for name in names), CLASSES)
    parts = [own_part(videos, subset, r"(.+)_c\d+$") for subset in ("train", "test")]
    of = recordings_by(r"(.+)_c")
    train, test = (recordings(part, of) for part in parts)
    assert {label: len(found) for label, found in test.items()} == {0: 1, 1: 1, 2: 1}
    assert not any(train[label] & test[label] for label in train)
    assert sum(len(part.videos) for part in parts) == len(videos.videos)
    # By files, as before, some recording is in both.
    by_files = [recordings(own_part(videos, subset), of) for subset in ("train", "test")]
    assert any(by_files[0][label] & by_files[1][label] for label in (0, 1, 2))


@pytest.mark.parametrize(
    ("ids", "looks"),
    [
        (["v_Run_g01_c01", "v_Run_g01_c02"], True),
        (["holiday_clip1", "holiday_clip2", "beach"], True),
        (["holiday-scene-1", "holiday-scene-2"], True),
        # Each its own recording; numbers alone; too few of many; none.
        (["v_Run_g01_c01", "v_Run_g02_c01"], False),
        (["run_1", "run_2", "run_3"], False),
        (["a_c1", "a_c2", "b", "d", "e"], False),
        ([], False),
    ],
)
def test_names_of_clips_of_a_recording_are_recognised(ids, looks):
    assert (usual_pattern(ids) is not None) == looks
