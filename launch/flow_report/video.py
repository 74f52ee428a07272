"""Videos beside the flow that a network saw in them, made piece by piece: a long one takes no more memory."""

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
"""Flow fields computed at a time, at most."""

PIECE_PIXELS = 2**19
"""Pixels of the flow fields computed at a time, but for one field that has more."""

CLIPS = 16
"""Clips of a video, at most, that decide how long a vector its strongest colours stand for."""


class EvenClips:
    """Evenly spaced clips of a video that is decoded once and whose length nobody knows before.

    Every frame is shown to it in order. It keeps a clip at every frame at first, and every other one of those that it
    has whenever they become more than `CLIPS`.

    Args:
        frames: neighbouring frames in a clip.
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
        if len(self._kept) > CLIPS:
            self._stride *= 2
            self._kept = {start: clip for start, clip in self._kept.items() if start % self._stride == 0}

    def clips(self) -> list[np.ndarray]:
        """The clips so far, uint8 `[frames, H, W, 3]`: all of a short video, `CLIPS` / 2 to `CLIPS` of a long one."""
        return list(self._kept.values())


@dataclass(frozen=True)
class VideoSummary:
    """What a flow video needs to know of its source before the first frame.

    Attributes:
        fps: frames per second, 0 where the file declares none.
        longest: length of the vectors that get the strongest colours, pixels per frame.
    """

    fps: float
    longest: float


def summarise_video(motion: keras.Layer, summaries: dict[str, VideoSummary], path: str) -> int:
    """Counts the frames of a video, and puts into `summaries` what its flow video needs, in one pass over the file.

    The strongest colours go to the 99th percentile of the vectors of some clips, or to 1 pixel where nothing moves:
    were it the longest, one outlier would pale every other vector.

    Args:
        motion: a motion layer.
        summaries: by path.
        path: of the video.

    Raises:
        VideoError: it cannot be read.
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
        frames: uint8 `[H, W, 3]`, in order.

    Yields:
        Frames uint8 `[N, H, W, 3]` and their flow `[N, H, W, 2]`, N at most `PIECE`, fewer of large frames.
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
        path: of the video.
        target: where to write; its ending chooses the format.
        summary: of `summarise_video`.
    """
    pieces = flow_pieces(motion, iterate_frames(path))
    # One by one: the colours of a piece would take more memory than its flow.
    steps = (step for piece in pieces for step in zip(*piece, strict=True))
    pictures = (beside(frame[None], flow[None], max_flow=summary.longest)[0] for frame, flow in steps)
    write_video(target, pictures, summary.fps)
