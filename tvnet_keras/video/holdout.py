"""Parts of a training list by whole recordings: one to validate on, and one to learn from.

Videos cut from one recording show the same people in the same place, so that a network which learnt from one of them
knows the others. The draw is a fixed law: recordings are ordered by a hash of their name. It depends on no seed, on no
order of the list and on no file being there, for listed files that are missing count too.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path

from tvnet_keras.errors import InputError
from tvnet_keras.video.listing import Video, VideoList
from tvnet_keras.video.split_files import TEST_SHARE, belongs_to_test

RecordingOf = Callable[[str, str], str]
"""The name of the recording that a video was cut from, by the id of the video and the name of its class."""

USUAL_PATTERNS = (r"(.+_g\d+)_c\d+$", r"(.+)[_-](?:clip|part|seg|segment|scene|shot|c)[_-]?\d+$")
"""How names of several clips of one recording usually look: those of UCF101, and words for a part with its number."""

_OfClass = tuple[int, str]
"""A label, and the name of a recording that has videos of this label."""


def hold_out(videos: VideoList, fraction: float, recording_of: RecordingOf) -> tuple[VideoList, VideoList]:
    """Keeps back a part of the recordings of every class.

    A class gives the nearest whole number of its recordings, at least one and never all; so one that has a single
    recording gives none. It may give fewer where its recordings have videos of other classes too, as films have in
    HMDB51: a recording is kept back only where none of its classes has given enough.

    Args:
        videos: the list.
        fraction: the part that is kept back, at least 0 and below 1.
        recording_of: see `RecordingOf`.

    Returns:
        The rest and what is kept back, each in list order. No recording is in both.

    Example:
        >>> listed = VideoList(tuple(Video(name, 0, name) for name in ("a1", "a2", "b1", "c1")), ("Run",))
        >>> rest, held = hold_out(listed, 0.3, lambda video_id, class_name: video_id[0])
        >>> [video.video_id for video in rest.videos], [video.video_id for video in held.videos]
        (['a1', 'a2', 'b1'], ['c1'])
    """
    if not 0 <= fraction < 1:
        raise ValueError(f"fraction must be at least 0 and below 1. Received: fraction={fraction}")
    ordered = _ordered(videos, recording_of)
    counts = Counter(label for label, _ in ordered)
    room = Counter({label: min(_nearest(fraction, count), count - 1) for label, count in counts.items()})
    labels: dict[str, list[int]] = {}
    for label, recording in ordered:
        labels.setdefault(recording, []).append(label)
    held: set[_OfClass] = set()
    for recording, of_classes in labels.items():
        if all(room[label] for label in of_classes):
            room.subtract(of_classes)
            held.update((label, recording) for label in of_classes)
    return _part(videos, set(ordered) - held, recording_of), _part(videos, held, recording_of)


def portion(videos: VideoList, fraction: float, recording_of: RecordingOf) -> VideoList:
    """Takes a part of the recordings of every class: the nearest whole number of them, at least one.

    A smaller portion is a part of a larger one. It is taken from the other end of the order than what `hold_out` keeps
    back, so that a portion of the rest is hardly another one than of the whole list.

    Args:
        videos: the list.
        fraction: the part that is taken, above 0 and at most 1.
        recording_of: see `RecordingOf`.

    Returns:
        The part, in list order.

    Example:
        >>> listed = VideoList(tuple(Video(name, 0, name) for name in ("a1", "a2", "b1", "c1")), ("Run",))
        >>> [video.video_id for video in portion(listed, 0.7, lambda video_id, class_name: video_id[0]).videos]
        ['a1', 'a2', 'b1']
    """
    if not 0 < fraction <= 1:
        raise ValueError(f"fraction must be above 0 and at most 1. Received: fraction={fraction}")
    ordered = _ordered(videos, recording_of)
    room = Counter(
        {label: _nearest(fraction, count) for label, count in Counter(label for label, _ in ordered).items()}
    )
    taken: set[_OfClass] = set()
    for label, recording in reversed(ordered):
        if room[label]:
            room[label] -= 1
            taken.add((label, recording))
    return _part(videos, taken, recording_of)


def recordings_by(pattern: str) -> RecordingOf:
    """The function that names a recording by what a pattern finds in the name of a video.

    Args:
        pattern: a regular expression, which is looked for anywhere in the name: its first group is the recording, or
            all that it finds where it has none. A name in which it finds nothing is a recording of its own.

    Raises:
        InputError: it is no regular expression.

    Example:
        >>> recording_of = recordings_by(r"(.+)_c\\d+")
        >>> recording_of("v_Surfing_g03_c02", "Surfing"), recording_of("holiday", "Surfing")
        ('v_Surfing_g03', 'holiday')
    """
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise InputError(f"The group {pattern!r} is no regular expression: {error}.") from None

    def recording_of(video_id: str, class_name: str) -> str:
        found = compiled.search(video_id.rpartition("/")[2])
        # A group that takes no part in the match is None.
        return video_id if found is None else found[min(1, compiled.groups)] or found[0] or video_id

    return recording_of


def ungrouped(pattern: str, video_ids: Sequence[str]) -> list[str]:
    """The ids of the videos in whose names a pattern finds nothing.

    Args:
        pattern: a regular expression.
        video_ids: ids of videos.
    """
    return [name for name in video_ids if not re.search(pattern, name.rpartition("/")[2])]


def usual_pattern(video_ids: Sequence[str]) -> str | None:
    """The usual pattern by which most of some videos are several clips of a recording; None where they do not look so.

    Args:
        video_ids: ids of the videos.

    Example:
        >>> usual_pattern(["run_clip1", "run_clip2", "walk_clip1"])
        '(.+)[_-](?:clip|part|seg|segment|scene|shot|c)[_-]?\\\\d+$'
    """
    for pattern in USUAL_PATTERNS:
        recordings = Counter(found[1] for name in video_ids if (found := re.search(pattern, name)))
        if 2 * recordings.total() > len(video_ids) and max(recordings.values()) > 1:
            return pattern
    return None


def own_part(videos: VideoList, subset: str, pattern: str = "") -> VideoList:
    """The training or the test part of videos without lists: about a fifth is for testing.

    Args:
        videos: all of them.
        subset: "train" or "test".
        pattern: see `recordings_by`; with it, whole recordings of every class are for testing. Without one, it is a
            video in five, by a hash of its file's name, so that adding or removing files moves no other file.
    """
    if pattern:
        return hold_out(videos, TEST_SHARE, recordings_by(pattern))[subset == "test"]
    kept = (video for video in videos.videos if belongs_to_test(Path(video.path).name) == (subset == "test"))
    return replace(videos, videos=tuple(kept))


def _nearest(fraction: float, count: int) -> int:
    """The whole number of recordings that is nearest to a part of them, and at least one of a part that is not 0."""
    return max(int(fraction * count + 0.5), 1) if fraction else 0


def _ordered(videos: VideoList, recording_of: RecordingOf) -> list[_OfClass]:
    """The recordings of every class, ordered by a hash of their name."""
    found = {_of_class(videos, video, recording_of) for video in (*videos.videos, *videos.missing)}
    return sorted(found, key=lambda part: (_hash(part[1]), part))


def _of_class(videos: VideoList, video: Video, recording_of: RecordingOf) -> _OfClass:
    class_name = videos.class_names[video.label] if video.label >= 0 else ""
    return video.label, recording_of(video.video_id, class_name)


def _hash(recording: str) -> bytes:
    return hashlib.sha256(recording.encode("utf-8", "surrogateescape")).digest()


def _part(videos: VideoList, kept: Collection[_OfClass], recording_of: RecordingOf) -> VideoList:
    """The videos of some recordings, and those of them that are missing."""
    present, missing = (
        tuple(video for video in part if _of_class(videos, video, recording_of) in kept)
        for part in (videos.videos, videos.missing)
    )
    ids = {video.video_id for video in (*present, *missing)}
    order = tuple(name for name in videos.order if name in ids)
    return replace(videos, videos=present, missing=missing, order=order)
