"""A clip on which an export is compared with its Keras model."""

import dataclasses
from itertools import islice
from pathlib import Path

import numpy as np

from launch.exporters.parts.serving_module import ServingModule
from launch.run.config import Config
from launch.run.data import list_source
from launch.run.pair_source import PairSource
from launch.run.video_source import VideoSource
from tvnet_keras.errors import InputError
from tvnet_keras.flow.solvers import make_solver
from tvnet_keras.video.moving_shapes.render import render
from tvnet_keras.video.moving_shapes.scene import draw_motion, draw_scene
from tvnet_keras.video.read import iterate_frames
from tvnet_keras.video.resize import resize_half_pixel_antialiased

RENDERED_SIZE = (120, 160)
"""Height and width of the rendered clip, in pixels."""


@dataclasses.dataclass(frozen=True)
class RealClip:
    """Frames of a video.

    Attributes:
        frames: uint8 `[T, H, W, 3]`.
        name: of the file or pair that they are from.
    """

    frames: np.ndarray
    name: str

    def shown(self, module: ServingModule, shape: list[int | None]) -> np.ndarray:
        """What a network takes, from this clip.

        Args:
            module: the network; one of stored flow is given that of the solver DIS.
            shape: of its input, None for the sides that this clip decides.

        Returns:
            uint8 `[B, T, H, W, 3]`, or float32 `[B, T - 1, H, W, 2]`.
        """
        batch, length, height, width = shape[:4]
        frames = self.frames
        if height and width:
            frames = resize_half_pixel_antialiased(frames, (height, width))
        if module.takes == "flow":
            solve = make_solver("dis")
            frames = np.stack([solve(frames[k : k + 2]) for k in range(len(frames) - 1)])
        return np.repeat(frames[None, : length or None], batch or 1, axis=0)


def find_clip(video: str, config: Config, frames: int) -> RealClip:
    """The beginning of a video, or of the first of the run's test list; a rendered clip where that is not here.

    Args:
        video: the file that the user names; empty for none.
        config: of the run.
        frames: their number; a shorter video is shown again from its beginning.

    Raises:
        InputError: the file that the user names cannot be read.
    """
    if video:
        return _beginning(Path(video), frames)
    try:
        source = list_source(config, "test")
        if isinstance(source, VideoSource):
            return _beginning(Path(source.videos.videos[0].path), frames)
        assert isinstance(source, PairSource)
        pair = source.pairs[0]
        return RealClip(_looped(pair.frames(), frames), pair.name)
    except InputError:  # An export needs the run's folder alone.
        rng = np.random.default_rng(0)
        scene, motion = draw_scene(rng, RENDERED_SIZE), draw_motion("MoveRight", rng, RENDERED_SIZE)
        return RealClip(render(scene, motion, frames, RENDERED_SIZE)[0], "a rendered clip of Moving Shapes")


def _beginning(path: Path, frames: int) -> RealClip:
    return RealClip(_looped(np.stack(list(islice(iterate_frames(path), frames))), frames), path.name)


def _looped(clip: np.ndarray, frames: int) -> np.ndarray:
    return clip[np.arange(frames) % len(clip)]
