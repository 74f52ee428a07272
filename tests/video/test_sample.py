import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tvnet_keras.errors import InputError
from tvnet_keras.video.sample import (
    SHORT_POLICIES,
    ShortVideoError,
    dense_clips,
    even_clips,
    floor_clips,
    is_short,
    random_clip,
    segment_clips,
    window_clips,
)

lengths = st.integers(1, 300)
clip_lengths = st.integers(1, 30)
steps = st.integers(1, 5)


@given(lengths, clip_lengths, steps, st.integers(1, 9), st.sampled_from(["loop", "clamp"]), st.integers(0, 9))
def test_every_sampling_gives_frames_of_the_video_in_order(num_frames, frames, step, clips, short, seed):
    rng = np.random.default_rng(seed)
    for indices, count in (
        (random_clip(num_frames, frames, rng, step, short=short), 1),
        (segment_clips(num_frames, frames, clips, rng, step, short=short), clips),
        (segment_clips(num_frames, frames, clips, None, step, short=short), clips),
        (even_clips(num_frames, frames, clips, step, short=short), clips),
        (floor_clips(num_frames, frames, clips, step, short=short), clips),
        (window_clips(num_frames, frames, 2 * clips, rng, step, segments=clips, short=short), clips),
    ):
        assert indices.shape == (count, frames) and indices.dtype == np.int64
        assert indices.min() >= 0 and indices.max() < num_frames
        if not is_short(num_frames, frames, step):
            assert (np.diff(indices, axis=1) == step).all()
            assert (np.diff(indices[:, 0]) >= 0).all()


@given(lengths, clip_lengths, steps, st.integers(1, 7))
def test_dense_clips_are_all_that_fit(num_frames, frames, step, stride):
    indices = dense_clips(num_frames, frames, stride, step)
    span = (frames - 1) * step + 1
    expected = list(range(0, num_frames - span + 1, stride)) or [0]
    assert indices[:, 0].tolist() == expected


def test_random_starts_are_uniform_over_all_that_fit():
    rng = np.random.default_rng(1)
    starts = np.array([random_clip(10, 6, rng)[0, 0] for _ in range(5000)])
    observed = np.bincount(starts, minlength=5)
    assert len(observed) == 5
    # Chi-square with 4 degrees of freedom, 1 in 10,000.
    assert ((observed - 1000) ** 2 / 1000).sum() < 23.5


def test_segments_are_equal_parts_and_each_is_sampled_all_over():
    rng = np.random.default_rng(2)
    starts = np.stack([segment_clips(30, 1, 3, rng)[:, 0] for _ in range(2000)])
    for segment in range(3):
        assert set(starts[:, segment]) == set(range(10 * segment, 10 * segment + 10))
    assert segment_clips(30, 1, 3)[:, 0].tolist() == [5, 15, 25]


@pytest.mark.parametrize(("num_frames", "frames", "step"), [(40, 6, 1), (40, 6, 3), (8, 6, 1), (5, 6, 1)])
def test_windows_are_the_evenly_spaced_clips_and_every_one_is_drawn(num_frames, frames, step):
    rng = np.random.default_rng(3)
    allowed = {tuple(clip) for clip in even_clips(num_frames, frames, 4, step)}
    drawn = {tuple(window_clips(num_frames, frames, 4, rng, step)[0]) for _ in range(200)}
    assert drawn == allowed


def test_windows_are_equally_likely():
    rng = np.random.default_rng(4)
    starts = np.array([window_clips(164, 6, 5, rng)[0, 0] for _ in range(5000)])
    values, observed = np.unique(starts, return_counts=True)
    assert values.tolist() == even_clips(164, 6, 5)[:, 0].tolist()
    # Chi-square with 4 degrees of freedom, 1 in 10,000.
    assert ((observed - 1000) ** 2 / 1000).sum() < 23.5


@pytest.mark.parametrize(("windows", "segments"), [(3, 3), (7, 3), (25, 3), (5, 2)])
def test_segments_draw_from_separate_parts_of_the_windows(windows, segments):
    rng = np.random.default_rng(5)
    starts = even_clips(400, 6, windows)[:, 0].tolist()
    drawn = np.stack([window_clips(400, 6, windows, rng, segments=segments)[:, 0] for _ in range(600)])
    parts = [sorted(set(drawn[:, segment].tolist())) for segment in range(segments)]
    # One part after the other, and together all of the windows, once.
    assert [start for part in parts for start in part] == starts
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    with pytest.raises(InputError, match=rf"{windows + 1} segments cannot be drawn from {windows} windows"):
        window_clips(400, 6, windows, rng, segments=windows + 1)


def test_the_middle_window_of_an_odd_number_is_the_middle_clip():
    for num_frames in range(1, 60):
        for windows in (1, 3, 5, 25):
            middle = even_clips(num_frames, 6, windows)[windows // 2]
            np.testing.assert_array_equal(middle, even_clips(num_frames, 6, 1)[0])


def test_even_clips_reach_from_the_first_frame_to_the_last():
    indices = even_clips(164, 6, 25)
    assert indices[0, 0] == 0 and indices[-1, -1] == 163
    assert set(np.diff(indices[:, 0])) <= {6, 7}
    assert even_clips(10, 6, 1)[0].tolist() == [2, 3, 4, 5, 6, 7]


@given(st.integers(11, 5000))
def test_25_floored_clips_start_where_the_code_of_hidden_two_stream_starts(num_frames):
    starts = floor_clips(num_frames, 11, short="error")[:, 0]
    assert starts.tolist() == [number * int((num_frames - 10) / 25) for number in range(25)]


@pytest.mark.parametrize(
    ("num_frames", "frames", "clips", "step", "starts"),
    [
        (164, 11, 25, 1, [*range(0, 150, 6)]),  # 154 starts: the last four are left.
        (34, 11, 25, 1, [0] * 25),  # 24 starts.
        (35, 11, 25, 1, [*range(25)]),
        (20, 6, 1, 1, [0]),
        (20, 4, 3, 3, [0, 3, 6]),  # A clip spans ten frames.
        (5, 6, 2, 1, [0, 0]),
    ],
)
def test_floored_clips(num_frames, frames, clips, step, starts):
    assert floor_clips(num_frames, frames, clips, step)[:, 0].tolist() == starts


def test_short_videos():
    rng = np.random.default_rng(0)
    assert random_clip(4, 6, rng, short="loop").tolist() == [[0, 1, 2, 3, 0, 1]]
    assert random_clip(4, 6, rng, short="clamp").tolist() == [[0, 1, 2, 3, 3, 3]]
    assert even_clips(4, 3, 1, step=2, short="loop").tolist() == [[0, 2, 0]]
    assert floor_clips(4, 6, 2, short="clamp").tolist() == [[0, 1, 2, 3, 3, 3]] * 2
    for spaced in (even_clips, floor_clips):
        with pytest.raises(ShortVideoError, match="spans 11 frames but the video has 10"):
            spaced(10, 6, 2, step=2, short="error")
    assert even_clips(11, 6, 2, step=2, short="error").shape == (2, 6)
    assert SHORT_POLICIES == ("loop", "clamp", "error")


@pytest.mark.parametrize("bad", [{"num_frames": 0}, {"frames": 0}, {"clips": 0}, {"step": 0}, {"short": "wrap"}])
def test_bad_values_are_named(bad):
    arguments = {"num_frames": 9, "frames": 3, "clips": 2, "step": 1, "short": "loop", **bad}
    for spaced in (even_clips, floor_clips):
        with pytest.raises(InputError, match=next(iter(bad))):
            spaced(**arguments)
