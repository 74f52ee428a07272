"""Moving Shapes under the cells of tables."""

from pathlib import Path

from launch.run.config import Config
from launch.tables.parts.trained_cells import with_root
from tvnet_keras.video.moving_shapes.writer import write_dataset


def on_generated_clips(config: Config, data_dir: Path, folder: Path) -> Config:
    """The configuration on the clips in `data_dir`, which are generated if they are not there.

    Args:
        config: the configuration of a training.
        data_dir: the folder of Moving Shapes.
        folder: the folder of a table's runs, in which nothing is kept.
    """
    if not (data_dir / "splits").is_dir():
        write_dataset(data_dir)
    return with_root(config, data_dir)
