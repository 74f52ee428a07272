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
    is_short,
    random_clip,
    segment_clips,
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


def test_even_clips_reach_from_the_first_frame_to_the_last():
    indices = even_clips(164, 6, 25)
    assert indices[0, 0] == 0 and indices[-1, -1] == 163
    assert set(np.diff(indices[:, 0])) <= {6, 7}
    assert even_clips(10, 6, 1)[0].tolist() == [2, 3, 4, 5, 6, 7]


def test_short_videos():
    rng = np.random.default_rng(0)
    assert random_clip(4, 6, rng, short="loop").tolist() == [[0, 1, 2, 3, 0, 1]]
    assert random_clip(4, 6, rng, short="clamp").tolist() == [[0, 1, 2, 3, 3, 3]]
    assert even_clips(4, 3, 1, step=2, short="loop").tolist() == [[0, 2, 0]]
    with pytest.raises(ShortVideoError, match="spans 11 frames but the video has 10"):
        even_clips(10, 6, 2, step=2, short="error")
    assert even_clips(11, 6, 2, step=2, short="error").shape == (2, 6)
    assert SHORT_POLICIES == ("loop", "clamp", "error")


@pytest.mark.parametrize("bad", [{"num_frames": 0}, {"frames": 0}, {"clips": 0}, {"step": 0}, {"short": "wrap"}])
def test_bad_values_are_named(bad):
    arguments = {"num_frames": 9, "frames": 3, "clips": 2, "step": 1, "short": "loop", **bad}
    with pytest.raises(InputError, match=next(iter(bad))):
        even_clips(**arguments)
