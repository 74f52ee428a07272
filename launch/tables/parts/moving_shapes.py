"""Moving Shapes under the cells of tables."""

from pathlib import Path

from launch.run.config import Config
from launch.tables.parts.trained_cells import with_root
from tvnet_keras.errors import InputError
from tvnet_keras.video.datasets import moving_shapes
from tvnet_keras.video.moving_shapes.writer import ACCELERATION, MOTIONS, STEADY, write_dataset

GROUPS = {STEADY: (40, 25), ACCELERATION: (80, 50)}
"""Scenes to train on and to test: Moving Shapes II has half as many classes, so equally many clips."""


def on_generated_clips(config: Config, data_dir: Path, folder: Path) -> Config:
    """The configuration on the clips in `data_dir`, which are generated if they are not there.

    Args:
        config: the configuration of a training.
        data_dir: the folder of Moving Shapes.
        folder: the folder of a table's runs, in which nothing is kept.

    Raises:
        InputError: the folder holds other clips.
    """
    return _on_clips(config, data_dir, STEADY)


def on_accelerating_clips(config: Config, data_dir: Path, folder: Path) -> Config:
    """The same on the clips of Moving Shapes II.

    Args:
        config: the configuration of a training.
        data_dir: the folder of Moving Shapes II.
        folder: the folder of a table's runs, in which nothing is kept.

    Raises:
        InputError: the folder holds other clips.
    """
    return _on_clips(config, data_dir, ACCELERATION)


def _on_clips(config: Config, data_dir: Path, motions: str) -> Config:
    if not (data_dir / "splits").is_dir():
        train_groups, test_groups = GROUPS[motions]
        write_dataset(data_dir, motions=motions, train_groups=train_groups, test_groups=test_groups)
    found = moving_shapes.load(data_dir, subset="train").class_names
    if found != MOTIONS[motions]:
        raise InputError(
            f"--data_dir={data_dir} holds the classes {', '.join(found)}, and this table is about "
            f"{', '.join(MOTIONS[motions])}; name an empty folder, or one that launch.prepare --generate wrote with "
            f"--motions={motions}."
        )
    return with_root(config, data_dir)
