"""Your own videos, one folder per class, usually starting from an earlier run.

    my_videos/train/<class>/*.mp4, my_videos/test/<class>/*.mp4   (or my_videos/<class>/*.mp4: one fifth tests)
    python -m launch.train --method=tvnet --experiment=folder --config.data.root=my_videos \\
      --config.init_from=runs/ucf101-tvnet

Weights that fit are taken over, a classifier for other classes starts fresh. Labels must survive mirroring, or set
--noconfig.data.flip.
"""

from launch.run.config import Config, new_config


def config(method: str) -> Config:
    """Clips of 112 x 112 from videos of 128 pixels' short side, 300 steps at a third of the usual rate."""
    return new_config(
        method,
        "folder",
        data={"dataset": "folder", "root": "data/folder", "height": 112, "width": 112, "resize_short": 128},
        train={"steps": 300, "batch_size": 16, "lr": 3e-4, "warmup": 30},
        eval={"clips": 25, "crops": 1},
    )
