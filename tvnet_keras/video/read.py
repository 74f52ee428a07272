"""Frame-exact reading of video files with PyAV.

Seeking lands on the wrong frame for some codec in every decoder that was tried, and the frame count in a
file's header is often wrong. So a file is always decoded from frame 0 and the frames are counted; decoding
stops at the last frame that is needed.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from tvnet_keras.errors import InputError
from tvnet_keras.video.orientation import display_matrix, orient, rotation

VIDEO_ERROR_KINDS = ("missing", "empty", "unreadable", "no_video", "no_frames", "one_frame", "damaged")


class VideoError(InputError):
    """A video file that cannot be used.

    Attributes:
        kind: one of `VIDEO_ERROR_KINDS`.
        path: the file.
        frames: how many of its frames decode.
    """

    def __init__(self, message: str, *, kind: str, path: str | os.PathLike, frames: int = 0):
        super().__init__(message)
        self.kind = kind
        self.path = str(path)
        self.frames = frames


@dataclass(frozen=True)
class VideoInfo:
    """What a video file holds.

    Attributes:
        frames: exact number of frames, counted by decoding.
        height: of a frame as it is shown (rotation applied), in pixels.
        width: of a frame as it is shown (rotation applied), in pixels.
        fps: average frames per second as the file declares it, 0.0 where it declares none.
        rotation: clockwise degrees (0, 90, 180 or 270) that the file asks its frames to be turned by.
    """

    frames: int
    height: int
    width: int
    fps: float
    rotation: int


def probe(path: str | os.PathLike, observe: Callable[[np.ndarray], None] | None = None) -> VideoInfo:
    """Decodes a whole file and says what it holds.

    Args:
        path: video file, in any container and codec that FFmpeg knows.
        observe: is called with every frame in order, as `iterate_frames` gives it.

    Raises:
        VideoError: the file is missing, empty, not a video, damaged, or has fewer than two frames.
    """
    frames, turn, height, width, fps = 0, 0, 0, 0, 0.0
    picture_of = _Converter()
    with _open(path) as container:
        for frame in _decode(container, path):
            if frames == 0:
                matrix = display_matrix(frame)
                turn = rotation(matrix)
                height, width = (frame.height, frame.width) if turn % 180 == 0 else (frame.width, frame.height)
            frames += 1
            if observe:
                observe(picture_of(frame))
        stream = container.streams.video[0]
        fps = float(stream.average_rate or stream.guessed_rate or 0)
    _require_motion(path, frames)
    return VideoInfo(frames, height, width, fps, turn)


def count_frames(path: str | os.PathLike) -> int:
    """Counts the frames of a file by decoding it.

    Args:
        path: video file.

    Raises:
        VideoError: as for `probe`.
    """
    return probe(path).frames


def iterate_frames(path: str | os.PathLike) -> Iterator[np.ndarray]:
    """All frames of a file, one after the other, so that a long one needs no more memory than a short one.

    Args:
        path: video file.

    Yields:
        uint8 `[H, W, 3]`, RGB 0..255, turned upright by the file's rotation.

    Raises:
        VideoError: as for `probe`, once the frames before the damage have been given.
    """
    picture_of, frames = _Converter(), 0
    with _open(path) as container:
        for frame in _decode(container, path):
            yield picture_of(frame)
            frames += 1
    _require_motion(path, frames)


def read_frames(
    path: str | os.PathLike,
    indices: Sequence[int] | np.ndarray | None = None,
    view: Callable[[np.ndarray], np.ndarray] | None = None,
) -> np.ndarray:
    """Reads frames by their number.

    Args:
        path: video file.
        indices: frame numbers from 0, in any order and with repeats; None reads the whole file.
        view: what is kept of a frame, so that the frames themselves need not lie in memory together; None keeps them.

    Returns:
        uint8 `[N, H, W, 3]`, RGB 0..255, in the order of `indices`, turned upright by the file's rotation; the views of
        such frames, where `view` is given.

    Raises:
        VideoError: the file is missing, empty, not a video, or fails before the last frame that is asked for.
        ValueError: `indices` is empty or holds a negative number.
    """
    wanted = None if indices is None else np.asarray(indices, np.int64).ravel()
    if wanted is not None and (wanted.size == 0 or wanted.min() < 0):
        raise ValueError(f"indices must hold frame numbers from 0. Received: indices={indices!r}")
    pictures, decoded = _collect(path, None if wanted is None else set(wanted.tolist()), view or (lambda frame: frame))
    if wanted is None:
        _require_motion(path, decoded)
        return np.stack(list(pictures.values()))
    if wanted.max() >= decoded:
        raise VideoError(
            f"{path}: frame {wanted.max()} is wanted but only {decoded} frames decode: "
            "the file has changed since its frames were counted, so check the data set again.",
            kind="damaged",
            path=path,
            frames=decoded,
        )
    return np.stack([pictures[index] for index in wanted.tolist()])


def _collect(
    path: str | os.PathLike, wanted: set[int] | None, view: Callable[[np.ndarray], np.ndarray]
) -> tuple[dict[int, np.ndarray], int]:
    """Views of RGB pictures by frame number, and how many frames were decoded to get them."""
    picture_of = _Converter()
    pictures: dict[int, np.ndarray] = {}
    decoded = 0
    with _open(path) as container:
        for frame in _decode(container, path):
            if wanted is None or decoded in wanted:
                pictures[decoded] = view(picture_of(frame))
            decoded += 1
            if wanted is not None and len(pictures) == len(wanted):
                break
    return pictures, decoded


class _Converter:
    """Turns the decoded frames of one file into upright RGB pictures."""

    def __init__(self) -> None:
        # One reformatter per file: a new one per frame costs twenty times the conversion itself.
        self._reformatter = VideoReformatter()
        self._size: tuple[int, int] | None = None

    def __call__(self, frame: av.VideoFrame) -> np.ndarray:
        # A stream may change its size half way; its first picture decides, as in FFmpeg itself.
        self._size = self._size or (frame.width, frame.height)
        width, height = self._size
        rgb = self._reformatter.reformat(frame, width=width, height=height, format="rgb24", threads=1)
        return orient(rgb.to_ndarray(), display_matrix(frame))


@contextlib.contextmanager
def _open(path: str | os.PathLike) -> Iterator[av.container.InputContainer]:
    """The opened file, after the checks that need no decoding."""
    file = Path(path)
    if not file.exists():
        raise VideoError(f"{path}: no such video file; check the path.", kind="missing", path=path)
    if file.is_dir():
        raise VideoError(f"{path}: is a folder, not a video file; name a file.", kind="unreadable", path=path)
    if file.stat().st_size == 0:
        raise VideoError(f"{path}: the file is empty (0 bytes); copy it again.", kind="empty", path=path)
    try:
        container = av.open(str(file), metadata_errors="replace")
    except (av.FFmpegError, OSError) as error:
        raise VideoError(
            f"{path}: cannot be opened as a video ({_reason(error)}); replace the file or take it off the list.",
            kind="unreadable",
            path=path,
        ) from error
    with container:
        if not container.streams.video:
            found = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
            raise VideoError(
                f"{path}: has no video stream (it holds: {found}); take it off the list.", kind="no_video", path=path
            )
        yield container


def _decode(container: av.container.InputContainer, path: str | os.PathLike) -> Iterator[av.VideoFrame]:
    """Every frame of the first video stream in display order, from the first on."""
    stream = container.streams.video[0]
    # Clips are decoded side by side, one file per thread: threads inside a file only cost their start-up.
    stream.thread_type = "SLICE"
    stream.codec_context.thread_count = 1
    decoded = 0
    try:
        for frame in container.decode(stream):
            yield frame
            decoded += 1
    except (av.FFmpegError, OSError) as error:
        if decoded == 0:
            raise _no_frames(path, _reason(error)) from error
        raise VideoError(
            f"{path}: damaged, {decoded} frames decode and then the decoder fails ({_reason(error)}); "
            "replace the file or take it off the list.",
            kind="damaged",
            path=path,
            frames=decoded,
        ) from error
    if decoded == 0:
        raise _no_frames(path, "the stream is empty")


def _no_frames(path: str | os.PathLike, reason: str) -> VideoError:
    return VideoError(
        f"{path}: not one frame can be decoded ({reason}); replace the file or take it off the list.",
        kind="no_frames",
        path=path,
    )


def _require_motion(path: str | os.PathLike, frames: int) -> None:
    if frames < 2:
        raise VideoError(
            f"{path}: has fewer than two decodable frames ({frames}), so it shows no motion; take it off the list.",
            kind="one_frame",
            path=path,
            frames=frames,
        )


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).strip().rstrip(".")
