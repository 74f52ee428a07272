"""Videos beside the flow that a network sees in them, made piece by piece: a long one takes no more memory."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from launch.run.inference import as_graph
from tvnet_keras.flow.picture import beside, write_video
from tvnet_keras.video.read import iterate_frames, probe

PIECE = 8
"""Largest number of flow fields that are computed at a time."""

PIECE_PIXELS = 2**19
"""Largest number of pixels of the flow fields that are computed at a time; a single field may have more."""

CLIPS = 16
"""Largest number of clips of a video that decide which length its strongest colours stand for."""

FEWEST_CLIPS = 4
CLIP_BYTES = 2**28
"""Clips of large frames are fewer, but not fewer than `FEWEST_CLIPS`: together they have so many bytes at most."""


class EvenClips:
    """Evenly spaced clips of a video that is decoded once and whose length is not known before.

    It is called with every frame in order. At first it keeps a clip at every frame; whenever it has more than `CLIPS`
    clips, or than fit into `CLIP_BYTES`, it drops every second one.

    Args:
        frames: number of neighbouring frames in a clip.
    """

    def __init__(self, frames: int) -> None:
        self._last: deque[np.ndarray] = deque(maxlen=frames)
        self._kept: dict[int, np.ndarray] = {}
        self._stride = 1
        self._start = -frames

    def __call__(self, frame: np.ndarray) -> None:
        """Takes the next frame, uint8 `[H, W, 3]`."""
        self._last.append(frame)
        self._start += 1
        if self._start >= 0 and self._start % self._stride == 0:
            self._kept[self._start] = np.stack(self._last)
        most = min(CLIPS, CLIP_BYTES // (frame.nbytes * (self._last.maxlen or 1)))
        if len(self._kept) > max(FEWEST_CLIPS, most):
            self._stride *= 2
            self._kept = {start: clip for start, clip in self._kept.items() if start % self._stride == 0}

    def clips(self) -> list[np.ndarray]:
        """The clips so far, uint8 `[frames, H, W, 3]`: all of a short video, `CLIPS` / 2 to `CLIPS` of a long one."""
        return list(self._kept.values())


@dataclass(frozen=True)
class VideoSummary:
    """What must be known of a video before its flow video can be begun.

    Attributes:
        fps: frames per second, 0 where the file declares none.
        longest: length of the vectors that get the strongest colours, in pixels per frame.
    """

    fps: float
    longest: float


def summarise_video(motion: keras.Layer, summaries: dict[str, VideoSummary], path: str) -> int:
    """Counts the frames of a video, and adds its summary to `summaries`, in one pass over the file.

    The strongest colours stand for the 99th percentile of the lengths in some clips, or for 1 pixel where nothing
    moves: an outlier as the longest vector would pale every other one.

    Args:
        motion: a motion layer.
        summaries: the summaries of videos by their path.
        path: the path of the video.

    Returns:
        The number of frames.

    Raises:
        VideoError: the video cannot be read.
    """
    clips = EvenClips(motion.frames_consumed + 1)
    info = probe(path, observe=clips)
    compute = as_graph(motion)
    lengths = [np.linalg.norm(compute(clip[None]).numpy(), axis=-1).ravel() for clip in clips.clips()]
    summaries[path] = VideoSummary(info.fps, float(np.percentile(np.concatenate(lengths), 99)) or 1.0)
    return info.frames


def flow_pieces(motion: keras.Layer, frames: Iterable[np.ndarray]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The flow of a video at its own size, piece by piece.

    Args:
        motion: a motion layer.
        frames: frames uint8 `[H, W, 3]`, in order.

    Yields:
        Frames uint8 `[N, H, W, 3]` and their flow `[N, H, W, 2]`, with N at most `PIECE`, and less for large frames.
    """
    compute = as_graph(motion)
    waiting: list[np.ndarray] = []

    def solved() -> tuple[np.ndarray, np.ndarray]:
        clip = np.stack(waiting)
        flow = compute(clip[None]).numpy()[0]
        return clip[: len(flow)], flow

    for frame in frames:
        waiting.append(frame)
        piece = min(PIECE, max(1, PIECE_PIXELS // (frame.shape[0] * frame.shape[1])))
        if len(waiting) == piece + motion.frames_consumed:
            yield solved()
            del waiting[:piece]
    if len(waiting) > motion.frames_consumed:
        yield solved()


def flow_of_video(motion: keras.Layer, frames: np.ndarray) -> np.ndarray:
    """Flow `[T - 1, H, W, 2]` of frames `[T, H, W, 3]` at their own size, computed piece by piece."""
    return np.concatenate([flow for _, flow in flow_pieces(motion, frames)])


def write_flow_video(motion: keras.Layer, path: str, target: Path, summary: VideoSummary) -> None:
    """Writes the frames of a video beside the colours of their flow, with the colour wheel, decoding it once.

    Args:
        motion: a motion layer.
        path: the path of the video.
        target: the file to write; its ending chooses the format.
        summary: the video's summary, made by `summarise_video`.
    """
    pieces = flow_pieces(motion, iterate_frames(path))
    # One by one: the colours of a piece would take more memory than its flow.
    steps = (step for piece in pieces for step in zip(*piece, strict=True))
    pictures = (beside(frame[None], flow[None], max_flow=summary.longest)[0] for frame, flow in steps)
    write_video(target, pictures, summary.fps)
