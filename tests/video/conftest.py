"""Small video files written for a test."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from tvnet_keras.video import VideoList
from tvnet_keras.video.datasets import folder


def encode(path: Path, frames: int, *, seed: int = 0, size: tuple[int, int] = (48, 64)) -> Path:
    """An MPEG-4 file whose pictures are all different: a bright square steps to the right over a smooth ground."""
    rng = np.random.default_rng(seed)
    height, width = size
    ground = np.linspace(rng.integers(20, 80, 3), rng.integers(80, 160, 3), width)[None].repeat(height, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.qmin = stream.codec_context.qmax = 2
        for number in range(frames):
            picture = ground.astype(np.uint8)
            left = (3 * number) % (width - 12)
            picture[12:30, left : left + 12] = 250
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="session")
def write_video() -> Callable[..., Path]:
    """`encode`, for tests that write their own files."""
    return encode


@pytest.fixture(scope="session")
def small_set(tmp_path_factory) -> VideoList:
    """Eleven videos of 7 to 17 frames of 48 x 64 pixels in three classes."""
    root = tmp_path_factory.mktemp("small")
    for number in range(11):
        name = "abc"[number % 3]
        for subset in ("train", "test"):
            (root / subset / name).mkdir(parents=True, exist_ok=True)
        encode(root / "train" / name / f"v{number:02d}.avi", 7 + number, seed=number)
    return folder.load(root, subset="train")


@pytest.fixture(scope="session")
def small_counts(small_set) -> dict[str, int]:
    """Frames by path of `small_set`, as they were written."""
    return {video.path: 7 + int(Path(video.path).stem[1:]) for video in small_set.videos}
