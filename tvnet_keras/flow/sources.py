"""Where samples of frames with exact flow come from: image pairs, or videos whose steps all have their flow."""

from collections.abc import Callable, Sequence
from typing import Protocol, cast

import numpy as np

from tvnet_keras.errors import InputError
from tvnet_keras.flow.io import known_vectors
from tvnet_keras.flow.pairs import Pair
from tvnet_keras.video.pipeline import require_at_least
from tvnet_keras.video.sample import even_clips, random_clip
from tvnet_keras.video.views import FrameSource


class FlowSource(Protocol):
    """Samples by their place in a data set; files are read when a sample is asked for, and nothing is kept."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the samples."""
        ...

    @property
    def frames(self) -> int | None:
        """The frames of a sample, T; None where that differs from sample to sample."""
        ...

    @property
    def labels(self) -> tuple[int, ...] | None:
        """The labels of the samples, places in `class_names`, or None."""
        ...

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes in label order; () without labels."""
        ...

    @property
    def flips(self) -> bool:
        """Whether a mirrored sample may stand for its class."""
        ...

    @property
    def random(self) -> bool:
        """Whether two readings of a sample may differ."""
        ...

    def __len__(self) -> int:
        """The number of samples."""
        ...

    def flip_label(self, label: int) -> int:
        """The label of a mirrored sample."""
        ...

    def size(self, index: int) -> tuple[int, int]:
        """(height, width) of a sample's frames, in pixels; read from its files."""
        ...

    def read(self, index: int, rng: np.random.Generator | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """A sample.

        Args:
            index: place in the data set.
            rng: draws which frames; None takes the middle ones.

        Returns:
            Frames uint8 `[T, H, W, 3]`; flow float32 `[T-1, H, W, 2]`, pixels, 0 where unknown; known bool
            `[T-1, H, W]`.

        Raises:
            InputError: a file that cannot be read, or a flow that does not fit the frames.
        """
        ...


class PairSource:
    """Image pairs with exact flow; see `FlowSource`.

    Args:
        pairs: of any sizes.

    Raises:
        InputError: no pairs, or one without exact flow.

    Example:
        >>> frames, flow = np.zeros((2, 4, 6, 3), "uint8"), np.zeros((4, 6, 2), "float32")
        >>> still = Pair("still", frames=lambda: frames, truth=lambda: flow)  # or pairs.load("middlebury", root)
        >>> [part.shape for part in PairSource([still]).read(0)]
        [(2, 4, 6, 3), (1, 4, 6, 2), (1, 4, 6)]
    """

    frames = 2
    labels = None
    class_names = ()
    flips = True
    random = False

    def __init__(self, pairs: Sequence[Pair]) -> None:
        if not pairs:
            raise InputError("The data set holds no image pairs; check the data root.")
        without = [pair.name for pair in pairs if pair.truth is None]
        if without:
            raise InputError(f"{without[0]} has no exact flow ({len(without)} such pairs); take pairs that have it.")
        self._pairs = tuple(pairs)
        self.names = tuple(pair.name for pair in pairs)

    def __len__(self) -> int:
        """The number of pairs."""
        return len(self._pairs)

    def flip_label(self, label: int) -> int:
        """Pairs have no labels: the same."""
        return label

    def size(self, index: int) -> tuple[int, int]:
        """(height, width) in pixels; the flow is read for it, which is quicker than decoding the frames."""
        height, width = _truth(self._pairs[index]).shape[:2]
        return height, width

    def read(self, index: int, rng: np.random.Generator | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """A pair; see `FlowSource.read`."""
        pair = self._pairs[index]
        frames, truth = pair.frames(), _truth(pair)
        _require_fit(pair.name, frames, truth)
        known = known_vectors(truth)
        flow = np.where(known[..., None], truth, 0).astype(np.float32)
        return frames, flow[None], known[None]


class VideoFlowSource:
    """Clips of labelled videos with the exact flow of all their steps; see `FlowSource`.

    A clip is consecutive frames. Where a looped short video starts again, the flow of that step is unknown; where its
    last frame is repeated, it is zero.

    Args:
        frames: the videos.
        exact_flow: reads the flow of a video file, float32 `[N-1, H, W, 2]`, pixels, unknown vectors beyond 1e9.
        frames_per_clip: T, at least 2; None takes every video whole.
        short: policy for short videos, see `video.sample`.

    Raises:
        InputError: no videos, an option out of range, or a video that is too short under `short="error"`.
    """

    def __init__(
        self,
        frames: FrameSource,
        exact_flow: Callable[[str], np.ndarray],
        *,
        frames_per_clip: int | None,
        short: str = "loop",
    ) -> None:
        require_at_least(2, frames_per_clip=2 if frames_per_clip is None else frames_per_clip)
        frames.require_clips(frames_per_clip or 2, 1, short)
        self._source, self._exact_flow, self._short = frames, exact_flow, short
        videos = frames.videos
        self.names = tuple(video.video_id for video in videos.videos)
        self.frames = frames_per_clip
        self.class_names = videos.class_names
        self.labels = tuple(video.label for video in videos.videos) if videos.class_names else None
        self.flips = videos.flips
        longest = max(frames.count(index) for index in range(len(self.names)))
        self.random = frames_per_clip is not None and longest > frames_per_clip

    def __len__(self) -> int:
        """The number of videos."""
        return len(self.names)

    def flip_label(self, label: int) -> int:
        """The label of a mirrored video."""
        return self._source.videos.flip_label(label)

    def size(self, index: int) -> tuple[int, int]:
        """(height, width) in pixels; the first frame is read for it."""
        height, width = self._source.read(index, np.zeros(1, np.int64)).shape[1:3]
        return height, width

    def read(self, index: int, rng: np.random.Generator | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """A clip; see `FlowSource.read`."""
        count = self._source.count(index)
        if self.frames is None:
            numbers = np.arange(count)
        elif rng is None:
            numbers = even_clips(count, self.frames, 1, short=self._short)[0]
        else:
            numbers = random_clip(count, self.frames, rng, short=self._short)[0]
        frames = self._source.read(index, numbers)
        path = self._source.videos.videos[index].path
        steps = self._exact_flow(path)
        if len(steps) != count - 1:
            raise InputError(f"{path}: has {count} frames but exact flow of {len(steps)} steps; write both again.")
        _require_fit(path, frames, steps[0])
        flow = np.zeros((len(numbers) - 1, *steps.shape[1:]), np.float32)
        known = np.ones(flow.shape[:-1], bool)
        for step, (here, there) in enumerate(zip(numbers[:-1], numbers[1:], strict=True)):
            if there == here + 1:
                known[step] = known_vectors(steps[here])
                flow[step] = np.where(known[step][..., None], steps[here], 0)
            elif there != here:
                known[step] = False
        return frames, flow, known


def _truth(pair: Pair) -> np.ndarray:
    # Pairs without exact flow have been refused.
    return cast(Callable[[], np.ndarray], pair.truth)()


def _require_fit(name: str, frames: np.ndarray, flow: np.ndarray) -> None:
    if flow.shape != (*frames.shape[1:3], 2):
        height, width = frames.shape[1:3]
        raise InputError(
            f"{name}: its frames have {height} x {width} pixels and its exact flow the shape {flow.shape}; give flow "
            "of the same size."
        )
