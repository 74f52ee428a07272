"""A tiny set of videos whose every step has its exact flow."""

from pathlib import Path

import pytest

from tvnet_keras.video import VideoList, datasets
from tvnet_keras.video.moving_shapes.writer import write_dataset

FRAMES = 6


@pytest.fixture(scope="session")
def shapes_root(tmp_path_factory) -> Path:
    """Moving Shapes: 12 training and 12 test clips of 6 frames of 32 x 40."""
    root = tmp_path_factory.mktemp("shapes") / "data"
    return write_dataset(root, train_groups=1, test_groups=1, frames=FRAMES, size=(32, 40))


@pytest.fixture(scope="session")
def shapes(shapes_root) -> VideoList:
    """Its training list."""
    return datasets.load("moving_shapes", shapes_root, subset="train")


@pytest.fixture(scope="session")
def shapes_counts(shapes) -> dict[str, int]:
    """Frames by path."""
    return {video.path: FRAMES for video in shapes.videos}
