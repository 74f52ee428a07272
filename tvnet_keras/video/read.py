"""Frame-exact reading of video files with PyAV.

Every decoder that was tried lands on the wrong frame for some codec when it seeks, and the frame count in a file's
header is often wrong. So a file is always decoded from frame 0 and the frames are counted; decoding stops at the last
frame that is needed.
"""

import contextlib
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

import av
import av.container
import numpy as np
from av.stream import Disposition
from av.video.reformatter import VideoReformatter

from tvnet_keras.errors import InputError
from tvnet_keras.video.length import Length
from tvnet_keras.video.orientation import display_matrix, orient, rotation

VIDEO_ERROR_KINDS = ("missing", "empty", "unreadable", "no_video", "no_frames", "one_frame", "damaged")

LARGEST_PIXELS = 2**25
"""Largest number of pixels of a frame or an image, a little more than 8K has: a few bytes of a damaged or malicious
file may ask for any memory."""

_STILL = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image


class VideoError(InputError):
    """A video file that cannot be used.

    Attributes:
        kind: one of `VIDEO_ERROR_KINDS`.
        path: the file.
        frames: number of its frames that can be decoded.
    """

    def __init__(self, message: str, *, kind: str, path: str | os.PathLike, frames: int = 0) -> None:
        super().__init__(message)
        self.kind = kind
        self.path = str(path)
        self.frames = frames


@dataclass(frozen=True)
class VideoInfo:
    """The properties of a video file.

    Attributes:
        frames: exact number of frames, counted by decoding.
        height: height of a frame as it is shown (rotation applied), in pixels.
        width: width of a frame as it is shown (rotation applied), in pixels.
        fps: average frames per second as the file declares it, 0.0 where it declares none.
        rotation: clockwise degrees (0, 90, 180 or 270) that the file asks its frames to be turned by.
    """

    frames: int
    height: int
    width: int
    fps: float
    rotation: int


def probe(path: str | os.PathLike, observe: Callable[[np.ndarray], None] | None = None) -> VideoInfo:
    """Decodes a whole file and returns its properties.

    Args:
        path: a video file, in any container and codec that FFmpeg knows.
        observe: a function that is called with every frame in order, as `iterate_frames` gives it.

    Raises:
        VideoError: the file is missing, empty, not a video, damaged, or has fewer than two frames.
    """
    with _open(path) as film:
        for picture in film.pictures():
            # One picture is made in any case: a decoded frame may still be of a kind that nothing converts.
            if observe or film.frames == 1:
                frame = picture()
            if observe:
                observe(frame)
    _require_motion(path, film.frames)
    return VideoInfo(film.frames, *film.size, film.fps, film.rotation)


def declared(path: str | os.PathLike) -> tuple[float, int]:
    """What a file says of itself, which costs no decoding: frames per second, and their number, 0 where it is silent.

    Both may be wrong; `probe` knows.

    Args:
        path: a video file.

    Raises:
        VideoError: the file is missing, empty or not a video.
    """
    with _open(path) as film:
        return film.fps, film.declared_frames


def count_frames(path: str | os.PathLike) -> int:
    """Counts the frames of a file by decoding it.

    Args:
        path: a video file.

    Raises:
        VideoError: as in `probe`.
    """
    return probe(path).frames


def iterate_frames(path: str | os.PathLike) -> Iterator[np.ndarray]:
    """All frames of a file, one after the other, so that a long one needs no more memory than a short one.

    Args:
        path: a video file.

    Yields:
        uint8 `[H, W, 3]`, RGB 0..255, turned upright by the file's rotation.

    Raises:
        VideoError: as in `probe`, once the frames before the damage have been given.
    """
    with _open(path) as film:
        for picture in film.pictures():
            yield picture()
    _require_motion(path, film.frames)


def read_frames(
    path: str | os.PathLike,
    indices: Sequence[int] | np.ndarray | None = None,
    view: Callable[[np.ndarray], np.ndarray] | None = None,
) -> np.ndarray:
    """Reads frames by their number.

    Args:
        path: a video file.
        indices: frame numbers from 0, in any order and with repeats; None reads the whole file.
        view: a function that makes of a frame what is kept of it, so that whole frames need not lie in memory together;
            None keeps the frames.

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
    """The views of RGB pictures by frame number, and the number of frames that were decoded for them."""
    pictures: dict[int, np.ndarray] = {}
    with _open(path) as film:
        for number, picture in enumerate(film.pictures()):
            if wanted is None or number in wanted:
                pictures[number] = view(picture())
            if wanted is not None and len(pictures) == len(wanted):
                break
    return pictures, film.frames


class _Film:
    """The film in an opened file.

    Attributes:
        frames: number of frames decoded so far.
        size: (height, width) of every picture, in pixels, once a frame is decoded. A stream may change its size half
            way; its first picture decides, as in FFmpeg itself.
        rotation: clockwise degrees that the first picture is turned by.
        fps: average frames per second as the file declares it, 0.0 where it declares none.
        declared_frames: number of frames as the file declares it, 0 where it declares none.
    """

    def __init__(self, container: av.container.InputContainer, path: str | os.PathLike) -> None:
        self._container, self._path = container, path
        self._stream = _shown(container, path)
        self._length = Length(container, self._stream)
        # One reformatter per file: a new one per frame costs twenty times the conversion itself.
        self._reformatter = VideoReformatter()
        self._matrix: np.ndarray | None = None
        self.frames, self.size, self.rotation = 0, (0, 0), 0
        self.fps = float(self._stream.average_rate or self._stream.guessed_rate or 0)
        self.declared_frames = max(0, self._stream.frames)

    def pictures(self) -> Iterator[Callable[[], np.ndarray]]:
        """Decodes the film in display order, and yields for every frame the function that makes its picture.

        A picture is uint8 `[H, W, 3]`, RGB 0..255, upright.

        Raises:
            VideoError: the decoder fails, or the file ends before its film.
        """
        try:
            for frame in self._decoded():
                self._take(frame)
                yield partial(self._picture, frame, self._matrix)
        # A decoder may raise anything, even errors of FFmpeg that PyAV does not know: all of it is about this file.
        except Exception as error:
            raise self._failed(error) from error
        if self.frames == 0:
            raise _no_frames(self._path, "the stream is empty")
        if shortfall := self._length.shortfall(self.frames):
            raise VideoError(
                f"{self._path}: is cut short, it holds {shortfall}; copy it again or leave it out.",
                kind="damaged",
                path=self._path,
                frames=self.frames,
            )

    def _decoded(self) -> Iterator[av.VideoFrame]:
        # Clips are decoded side by side, one file per thread: threads inside a file only cost their start-up.
        self._stream.thread_type = "SLICE"
        if self._stream.codec_context is None:
            # PyAV's own answer depends on its version; some end the process.
            raise LookupError("no decoder is known for its codec")
        self._stream.codec_context.thread_count = 1
        for packet in self._container.demux():
            self._length.add(packet)
            if packet.stream.index == self._stream.index:
                yield from cast(list[av.VideoFrame], packet.decode())

    def _take(self, frame: av.VideoFrame) -> None:
        # Some files, such as APNG, say how to turn their pictures with the first one only.
        matrix = display_matrix(frame)
        self._matrix = self._matrix if matrix is None else matrix
        if frame.width * frame.height > LARGEST_PIXELS:
            raise ValueError(f"its frames of {frame.width} x {frame.height} have more than {LARGEST_PIXELS} pixels")
        if self.frames == 0:
            self.rotation = rotation(matrix)
            self.size = _turned((frame.height, frame.width), matrix)
        self.frames += 1

    def _picture(self, frame: av.VideoFrame, matrix: np.ndarray | None) -> np.ndarray:
        height, width = _turned(self.size, matrix)
        try:
            rgb = self._reformatter.reformat(frame, width=width, height=height, format="rgb24", threads=1)
            return orient(rgb.to_ndarray(), matrix)
        except Exception as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> VideoError:
        if self.frames == 0:
            return _no_frames(self._path, _reason(error))
        return VideoError(
            f"{self._path}: damaged, {self.frames} frames decode and then the decoder fails ({_reason(error)}); "
            "replace the file or leave it out.",
            kind="damaged",
            path=self._path,
            frames=self.frames,
        )


def _turned(size: tuple[int, int], matrix: np.ndarray | None) -> tuple[int, int]:
    """(height, width) after a turn from (height, width) before it, or the other way round."""
    height, width = size
    return (height, width) if rotation(matrix) % 180 == 0 else (width, height)


def _shown(container: av.container.InputContainer, path: str | os.PathLike) -> av.VideoStream:
    """The stream that a player shows.

    Covers and thumbnails are no film, whether they are marked as such or only have far fewer frames than another
    stream; of several films the default one is shown, else the largest, else the first.
    """
    films = [stream for stream in container.streams.video if not stream.disposition & _STILL]
    films = films or list(container.streams.video)
    if len(films) > 1:
        packets = _count_packets(path)
        films = [stream for stream in films if 2 * packets[stream.index] >= max(packets.values(), default=0)]
    return max(films, key=_prominence)


def _prominence(stream: av.VideoStream) -> tuple[bool, int]:
    codec = stream.codec_context
    return bool(stream.disposition & Disposition.default), codec.width * codec.height if codec else 0


def _count_packets(path: str | os.PathLike) -> Counter[int]:
    """The packets of each video stream, by its index, up to the end or the first damage."""
    packets: Counter[int] = Counter()
    with av.open(os.path.abspath(path), metadata_errors="replace") as container, contextlib.suppress(Exception):
        for packet in container.demux(container.streams.video):
            packets[packet.stream.index] += packet.size > 0
    return packets


@contextlib.contextmanager
def _open(path: str | os.PathLike) -> Iterator[_Film]:
    """The film of a file, after the checks that need no decoding."""
    _require_file(path)
    try:
        # FFmpeg takes the beginning of a relative path that holds a colon, such as 12:30:11.mp4, for a protocol.
        container = av.open(os.path.abspath(path), metadata_errors="replace")
    except Exception as error:
        raise _unreadable(path, error) from error
    with container:
        if not container.streams.video:
            found = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
            raise VideoError(
                f"{path}: has no video stream (it holds: {found}); leave it out.", kind="no_video", path=path
            )
        yield _Film(container, path)


def _require_file(path: str | os.PathLike) -> None:
    """Refuses a path that is no file with content: opening a pipe would wait for ever."""
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        said = f"is a link to {os.readlink(path)}, which is not there" if os.path.islink(path) else "no such video file"
        raise VideoError(f"{path}: {said}; check the path.", kind="missing", path=path) from error
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    if stat.S_ISDIR(status.st_mode):
        raise VideoError(f"{path}: is a folder, not a video file; name a file.", kind="unreadable", path=path)
    if not stat.S_ISREG(status.st_mode):
        raise VideoError(f"{path}: is a pipe or a device, not a video file; name a file.", kind="unreadable", path=path)
    if status.st_size == 0:
        raise VideoError(f"{path}: the file is empty (0 bytes); copy it again.", kind="empty", path=path)


def _unreadable(path: str | os.PathLike, error: Exception) -> VideoError:
    return VideoError(
        f"{path}: cannot be opened as a video ({_reason(error)}); replace the file or leave it out.",
        kind="unreadable",
        path=path,
    )


def _no_frames(path: str | os.PathLike, reason: str) -> VideoError:
    return VideoError(
        f"{path}: not one frame can be decoded ({reason}); replace the file or leave it out.",
        kind="no_frames",
        path=path,
    )


def _require_motion(path: str | os.PathLike, frames: int) -> None:
    if frames < 2:
        raise VideoError(
            f"{path}: has fewer than two decodable frames ({frames}), so it shows no motion; leave it out.",
            kind="one_frame",
            path=path,
            frames=frames,
        )


def _reason(error: Exception) -> str:
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(said.split()).rstrip(".")
