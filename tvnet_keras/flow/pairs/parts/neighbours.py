"""Neighbouring frames of something that can only be read from its beginning."""

import os
from collections import deque
from collections.abc import Callable, Iterator

import numpy as np

from tvnet_keras.video.read import VideoError


class Neighbours:
    """Neighbouring frames of a video of any length: asked for in their order, the file is decoded once.

    Args:
        read: a function that begins to read and yields all frames, uint8 `[H, W, 3]`.
        path: the file, for the sentence of an error.
    """

    def __init__(self, read: Callable[[], Iterator[np.ndarray]], path: str | os.PathLike[str]) -> None:
        self._read, self._path = read, path
        self._frames: Iterator[np.ndarray] = iter(())
        self._last: deque[np.ndarray] = deque(maxlen=2)
        self._decoded = 0

    def pair(self, first: int) -> np.ndarray:
        """The frames `first` and `first + 1`, uint8 `[2, H, W, 3]`.

        Raises:
            VideoError: there are fewer frames.
        """
        if not self._decoded or self._decoded > first + 2:
            self._frames, self._decoded = self._read(), 0
        while self._decoded < first + 2:
            frame = next(self._frames, None)
            if frame is None:
                raise VideoError(
                    f"{self._path}: frame {first + 1} is wanted but only {self._decoded} frames decode: the file has "
                    "changed since its frames were counted; start again.",
                    kind="damaged",
                    path=self._path,
                    frames=self._decoded,
                )
            self._last.append(frame)
            self._decoded += 1
        return np.stack(self._last)
