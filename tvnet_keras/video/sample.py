"""Which frames make a clip: pure index arithmetic.

Every function returns int64 `[clips, frames]`, frame numbers from 0. A clip spans `(frames - 1) * step + 1`
frames of its video; `short` says what happens where the video (or a TSN segment's clip) is shorter than that:

* `"loop"`: the video starts again from its first frame;
* `"clamp"`: its last frame is repeated;
* `"error"`: `ShortVideoError`.
"""

import numpy as np

from tvnet_keras.choices import check_choice
from tvnet_keras.errors import InputError

SHORT_POLICIES = ("loop", "clamp", "error")


class ShortVideoError(InputError):
    """A video with fewer frames than a clip spans, under `short="error"`."""


def random_clip(
    num_frames: int, frames: int, rng: np.random.Generator, step: int = 1, *, short: str = "loop"
) -> np.ndarray:
    """One clip that starts anywhere it fits, each start equally likely.

    Args:
        num_frames: frames in the video.
        frames: frames in the clip.
        rng: source of the start.
        step: distance between neighbouring frames of the clip, in frames of the video.
        short: policy for a video shorter than the clip.

    Returns:
        int64 `[1, frames]`.

    Raises:
        ShortVideoError: too few frames under `short="error"`.
    """
    room = _room(num_frames, frames, step)
    return _clips(np.array([rng.integers(room + 1)]), num_frames, frames, step, short)


def window_clips(
    num_frames: int,
    frames: int,
    windows: int,
    rng: np.random.Generator,
    step: int = 1,
    *,
    segments: int = 1,
    short: str = "loop",
) -> np.ndarray:
    """One of `windows` evenly spaced clips, each equally likely; with several segments, one of each part of them.

    These are the clips that `even_clips` gives, so that stored flow of as many windows has all their pairs.

    Args:
        num_frames: frames in the video.
        frames: frames in a clip.
        windows: number of evenly spaced clips that are drawn from.
        rng: source of the choice.
        step: distance between neighbouring frames of a clip, in frames of the video.
        segments: number of clips, at most `windows`.
        short: policy for a video shorter than a clip.

    Returns:
        int64 `[segments, frames]`.

    Raises:
        InputError: more segments than windows.
        ShortVideoError: too few frames under `short="error"`.
    """
    _require_positive(segments=segments)
    if segments > windows:
        raise InputError(f"{segments} segments cannot be drawn from {windows} windows; take more windows.")
    clips = even_clips(num_frames, frames, windows, step, short=short)
    return np.stack([part[rng.integers(len(part))] for part in np.array_split(clips, segments)])


def segment_clips(
    num_frames: int,
    frames: int,
    segments: int,
    rng: np.random.Generator | None = None,
    step: int = 1,
    *,
    short: str = "loop",
) -> np.ndarray:
    """One clip in each of `segments` equal parts of the video (TSN, Wang et al. 2016, section 3.1).

    The possible starts of a clip are cut into equal segments, so that clips of neighbouring segments overlap
    in a short video and none runs over its end.

    Args:
        num_frames: frames in the video.
        frames: frames in a clip.
        segments: number of clips.
        rng: draws the place within each segment; None takes its centre.
        step: distance between neighbouring frames of a clip, in frames of the video.
        short: policy for a video shorter than a clip.

    Returns:
        int64 `[segments, frames]`.

    Raises:
        ShortVideoError: too few frames under `short="error"`.
    """
    _require_positive(segments=segments)
    starts = _room(num_frames, frames, step) + 1
    place = np.full(segments, 0.5) if rng is None else rng.random(segments)
    position = (np.arange(segments) + place) * starts / segments
    return _clips(np.floor(position).astype(np.int64), num_frames, frames, step, short)


def even_clips(num_frames: int, frames: int, clips: int = 25, step: int = 1, *, short: str = "loop") -> np.ndarray:
    """Clips at evenly spaced starts, the first at frame 0 and the last at the end; one clip is the middle one.

    25 of them are the test protocol of Simonyan and Zisserman (2014), section 5.

    Args:
        num_frames: frames in the video.
        frames: frames in a clip.
        clips: number of clips; they overlap or repeat in a short video.
        step: distance between neighbouring frames of a clip, in frames of the video.
        short: policy for a video shorter than a clip.

    Returns:
        int64 `[clips, frames]`.

    Raises:
        ShortVideoError: too few frames under `short="error"`.
    """
    _require_positive(clips=clips)
    room = _room(num_frames, frames, step)
    starts = np.linspace(0, room, clips) if clips > 1 else np.array([room / 2])
    return _clips(np.floor(starts + 0.5).astype(np.int64), num_frames, frames, step, short)


def floor_clips(num_frames: int, frames: int, clips: int = 25, step: int = 1, *, short: str = "loop") -> np.ndarray:
    """Clips at equal distances from frame 0 on; frames at the end that do not make one more distance each are left.

    The distance is the number of possible starts divided by `clips`, rounded down: `floor((T - 10) / 25)` for 25 clips
    of 11 frames, the test protocol of the code of Hidden Two-Stream (Zhu et al., ACCV 2018). A video with fewer starts
    than clips gives its first clip `clips` times.

    Args:
        num_frames: frames in the video.
        frames: frames in a clip.
        clips: number of clips.
        step: distance between neighbouring frames of a clip, in frames of the video.
        short: policy for a video shorter than a clip.

    Returns:
        int64 `[clips, frames]`.

    Raises:
        ShortVideoError: too few frames under `short="error"`.
    """
    _require_positive(clips=clips)
    distance = (_room(num_frames, frames, step) + 1) // clips
    return _clips(distance * np.arange(clips), num_frames, frames, step, short)


def dense_clips(num_frames: int, frames: int, stride: int = 1, step: int = 1, *, short: str = "loop") -> np.ndarray:
    """Every clip that fits, `stride` frames apart; a short video gives one clip.

    Args:
        num_frames: frames in the video.
        frames: frames in a clip.
        stride: distance between the starts of neighbouring clips, in frames of the video.
        step: distance between neighbouring frames of a clip, in frames of the video.
        short: policy for a video shorter than a clip.

    Returns:
        int64 `[clips, frames]`.

    Raises:
        ShortVideoError: too few frames under `short="error"`.
    """
    _require_positive(stride=stride)
    return _clips(np.arange(0, _room(num_frames, frames, step) + 1, stride), num_frames, frames, step, short)


def dense_count(num_frames: int, frames: int, stride: int = 1, step: int = 1) -> int:
    """How many clips `dense_clips` gives, for the same arguments."""
    _require_positive(stride=stride)
    return _room(num_frames, frames, step) // stride + 1


def is_short(num_frames: int, frames: int, step: int = 1) -> bool:
    """Whether a video of `num_frames` is shorter than a clip of `frames` taken every `step` frames."""
    return num_frames < (frames - 1) * step + 1


def _room(num_frames: int, frames: int, step: int) -> int:
    """The last frame at which a clip can start, 0 for a short video."""
    _require_positive(num_frames=num_frames, frames=frames, step=step)
    return max(num_frames - ((frames - 1) * step + 1), 0)


def _clips(starts: np.ndarray, num_frames: int, frames: int, step: int, short: str) -> np.ndarray:
    check_choice("short", short, SHORT_POLICIES)
    if short == "error" and is_short(num_frames, frames, step):
        raise ShortVideoError(
            f"A clip of {frames} frames at step {step} spans {(frames - 1) * step + 1} frames but the video has "
            f"{num_frames}: ask for fewer frames, or set short to loop or clamp."
        )
    indices = starts.astype(np.int64)[:, None] + step * np.arange(frames, dtype=np.int64)
    return indices % num_frames if short == "loop" else np.minimum(indices, num_frames - 1)


def _require_positive(**values: int) -> None:
    for name, value in values.items():
        if value < 1:
            raise InputError(f"{name} must be at least 1. Received: {name}={value}")
