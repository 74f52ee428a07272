"""Samples of pairs and of videos with exact flow, read when they are asked for."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from tvnet_keras.errors import InputError
from tvnet_keras.flow.pairs import Pair
from tvnet_keras.flow.sources import PairSource, VideoFlowSource
from tvnet_keras.video import read_frames
from tvnet_keras.video.moving_shapes.writer import exact_flow
from tvnet_keras.video.sample import ShortVideoError
from tvnet_keras.video.views import FrameSource


def pair(name: str, height: int = 6, width: int = 8, fill: int = 0) -> Pair:
    truth = np.full((height, width, 2), fill, np.float32)
    truth[0, 0] = 1e10
    return Pair(name, lambda: np.full((2, height, width, 3), fill, np.uint8), lambda: truth)


@pytest.fixture
def videos(shapes, shapes_counts):
    """Makes a source of the clips of Moving Shapes."""
    return lambda frames, **options: VideoFlowSource(
        FrameSource(shapes, shapes_counts, None), exact_flow, frames_per_clip=frames, **options
    )


def test_a_pair_is_two_frames_its_flow_and_what_is_known():
    source = PairSource([pair("a", fill=3), pair("b/c", 10, 12)])
    assert len(source) == 2 and source.names == ("a", "b/c") and source.frames == 2
    assert source.labels is None and source.class_names == () and source.flips and not source.random
    assert source.flip_label(-1) == -1
    assert [source.size(k) for k in range(2)] == [(6, 8), (10, 12)]
    frames, flow, known = source.read(0)
    assert frames.shape == (2, 6, 8, 3) and flow.shape == (1, 6, 8, 2) and known.shape == (1, 6, 8)
    assert (frames.dtype, flow.dtype, known.dtype) == (np.uint8, np.float32, bool)
    assert not known[0, 0, 0] and known.sum() == 47
    assert not flow[0, 0, 0].any() and (flow[known] == 3).all()


def test_pairs_without_exact_flow_are_refused_by_name():
    with pytest.raises(InputError, match=r"b has no exact flow \(2 such pairs\)"):
        PairSource([pair("a"), replace(pair("b"), truth=None), replace(pair("c"), truth=None)])
    with pytest.raises(InputError, match="no image pairs"):
        PairSource([])


def test_flow_of_another_size_than_its_frames_is_named():
    odd = replace(pair("a"), truth=pair("b", 7, 8).truth)
    with pytest.raises(InputError, match=r"a: its frames have 6 x 8 pixels"):
        PairSource([odd]).read(0)


def test_files_are_read_only_when_they_are_asked_for():
    read = []

    def note(what, reader):
        return lambda: read.append(what) or reader()

    def counted(name):
        return Pair(name, note(f"{name} frames", pair(name).frames), note(name, pair(name).truth))

    source = PairSource([counted("a"), counted("b")])
    assert read == []
    source.read(1)
    source.read(1)
    assert sorted(read) == ["b", "b", "b frames", "b frames"]


def test_the_middle_clip_of_a_video_with_its_steps(shapes, videos):
    source = videos(3)
    assert len(source) == 12 and source.frames == 3 and source.random
    assert source.names == tuple(video.video_id for video in shapes.videos)
    assert source.labels == tuple(video.label for video in shapes.videos)
    assert source.class_names == shapes.class_names and source.size(5) == (32, 40)
    path = shapes.videos[4].path
    frames, flow, known = source.read(4)
    # Six frames have four clips of three; the middle one, rounded up, begins at frame 2.
    np.testing.assert_array_equal(frames, read_frames(path, (2, 3, 4)))
    np.testing.assert_array_equal(flow, exact_flow(path)[2:4])
    assert known.all() and known.shape == (2, 32, 40) and known.dtype == bool


def test_random_clips_start_anywhere_and_keep_frames_and_steps_together(shapes, videos):
    source = videos(4)
    path = shapes.videos[0].path
    every, steps = read_frames(path), exact_flow(path)
    starts = set()
    for seed in range(20):
        frames, flow, known = source.read(0, np.random.default_rng(seed))
        start = next(k for k in range(3) if np.array_equal(frames, every[k : k + 4]))
        np.testing.assert_array_equal(flow, steps[start : start + 3])
        assert known.all()
        starts.add(start)
    assert starts == {0, 1, 2}


def test_where_a_short_video_starts_again_its_flow_is_unknown(shapes, videos):
    source = videos(9)
    assert not source.random
    path = shapes.videos[2].path
    frames, flow, known = source.read(2)
    np.testing.assert_array_equal(frames, read_frames(path)[[0, 1, 2, 3, 4, 5, 0, 1, 2]])
    assert known.all(axis=(1, 2)).tolist() == [True] * 5 + [False] + [True] * 2
    assert not known[5].any() and not flow[5].any()
    np.testing.assert_array_equal(flow[[0, 1, 2, 3, 4, 6, 7]], exact_flow(path)[[0, 1, 2, 3, 4, 0, 1]])


def test_a_last_frame_that_is_repeated_does_not_move(shapes, videos):
    _, flow, known = videos(8, short="clamp").read(2)
    assert known.all() and not flow[5:].any()
    np.testing.assert_array_equal(flow[:5], exact_flow(shapes.videos[2].path))


def test_mirrored_labels_are_those_of_the_list(shapes, videos):
    source = videos(3)
    assert source.flips
    assert [source.flip_label(k) for k in range(12)] == [shapes.flip_label(k) for k in range(12)]
    assert source.flip_label(0) != 0 or source.flip_label(1) != 1


def test_unknown_vectors_of_a_video_are_masked(shapes, shapes_counts):
    def partly(path):
        flow = exact_flow(path).copy()
        flow[:, :4] = 1e10
        return flow

    _, flow, known = VideoFlowSource(FrameSource(shapes, shapes_counts, None), partly, frames_per_clip=3).read(0)
    assert not known[:, :4].any() and known[:, 4:].all() and np.abs(flow).max() < 100


def test_bad_videos_and_options_are_refused_in_a_sentence(shapes, shapes_counts, videos):
    frames = FrameSource(shapes, shapes_counts, None)
    with pytest.raises(InputError, match="frames_per_clip must be at least 2"):
        videos(1)
    with pytest.raises(InputError, match="short is 'wrap'"):
        videos(3, short="wrap")
    with pytest.raises(ShortVideoError, match="has 6 frames but a clip of 7"):
        videos(7, short="error")
    with pytest.raises(InputError, match="no video"):
        VideoFlowSource(FrameSource(replace(shapes, videos=()), {}, None), exact_flow, frames_per_clip=2)
    path = re.escape(shapes.videos[0].path)
    with pytest.raises(InputError, match=f"{path}: has 6 frames but exact flow of 3 steps"):
        VideoFlowSource(frames, lambda path: exact_flow(path)[:3], frames_per_clip=2).read(0)
    with pytest.raises(InputError, match=f"{path}: its frames have 32 x 40 pixels"):
        VideoFlowSource(frames, lambda path: exact_flow(path)[:, 1:], frames_per_clip=2).read(0)
