"""Test views at random: clips and windows anywhere, the same for the same seed however they are batched."""

import numpy as np
import pytest

from tests.video.batches import eval_batches
from tests.video.test_flow_views import CACHE, VIDEOS, explained, flow_between_frames, still, taken
from tvnet_keras.errors import InputError
from tvnet_keras.video import MultiView, VideoList, pipeline, read_frames

SETTINGS = {"frames": 2, "size": (16, 20), "batch_size": 64, "sampling": "random"}


def views(videos, counts, **settings):
    """All views together, by field."""
    batches = taken(eval_batches(videos, counts=counts, **{**SETTINGS, **settings}), 1000)
    return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}


@pytest.fixture(scope="module")
def two(small_set):
    """Two of the videos, the longest ones."""
    return VideoList(small_set.videos[-2:], small_set.class_names)


def place_of(view, frames):
    """The frame number and the corner of a view, of frames that the view's size was cut from."""
    windows = np.lib.stride_tricks.sliding_window_view(frames, view.shape[:2], (1, 2)).transpose(0, 1, 2, 4, 5, 3)
    found = np.argwhere((windows == view).all((3, 4, 5)))
    assert len(found)
    return tuple(found[0])


def test_every_view_is_a_window_anywhere_of_neighbouring_frames_anywhere(two, small_counts):
    # 16 x 20 of 48 x 64, resized to a short side of 48: nothing is resized, so that every pixel is one of a frame.
    found = views(two, small_counts, clips=8, crops=4, resize_short=48)
    assert found["index"].tolist() == [0] * 32 + [1] * 32 and not found["flipped"].any()
    for index, video in enumerate(two.videos):
        frames = read_frames(video.path)
        places = [[place_of(part, frames) for part in view] for view in found["clip"][found["index"] == index]]
        # The ground does not move: what tells frames apart is the square, which not every window sees.
        corners = [first[1:] for first, _ in places]
        assert all(first[1:] == second[1:] or first[0] != second[0] for first, second in places)
        assert len(set(corners)) > 20
        assert max(top for top, _ in corners) > 16 and max(left for _, left in corners) > 22


def test_a_seed_is_a_protocol(two, small_counts):
    settings = {"clips": 6, "crops": 2}
    first = views(two, small_counts, **settings)["clip"]
    np.testing.assert_array_equal(views(two, small_counts, batch_size=5, parallel=1, **settings)["clip"], first)
    assert not np.array_equal(views(two, small_counts, seed=1, **settings)["clip"], first)


def test_pieces_of_a_video_are_its_views(two, small_counts, monkeypatch):
    whole = views(two, small_counts, clips=9, crops=3)["clip"]
    monkeypatch.setattr(pipeline, "PIECE_BYTES", 2 * 3 * 16 * 20 * 3 * 2)
    np.testing.assert_array_equal(views(two, small_counts, clips=9, crops=3)["clip"], whole)


def test_all_views_of_a_clip_are_of_its_frames_and_clips_differ(two, small_counts):
    whole_frames = {"size": (48, 64), "crop": "none", "crops": 1}
    found = views(two, small_counts, clips=20, **whole_frames)["clip"]
    numbers = [place_of(view[0], read_frames(two.videos[0].path))[0] for view in found[:20]]
    assert len(set(numbers)) > 5 and max(numbers) <= small_counts[two.videos[0].path] - 2


def test_flow_lies_where_the_windows_of_the_frames_do():
    settings = {"frames": 4, "size": (40, 48), "clips": 3, "crops": 4, "batch_size": 5, "sampling": "random"}
    for part in taken(eval_batches(VIDEOS, cache=CACHE, flow=flow_between_frames, **settings), 99):
        for clip, flow in zip(part["clip"], part["flow"], strict=True):
            assert explained(clip, flow) < 1.5 < 5 < still(clip)


def test_any_number_of_windows_is_for_random_sampling(two, small_counts):
    assert len(views(two, small_counts, clips=1, crops=64)["clip"]) == 128
    with pytest.raises(InputError, match="crops=64 is for random sampling"):
        MultiView(crops=64)
    with pytest.raises(InputError, match="crops must be 1 where crop is 'none'"):
        views(two, small_counts, crops=3, crop="none")
