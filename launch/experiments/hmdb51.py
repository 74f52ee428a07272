"""HMDB51, at a size that trains on a CPU; `--config.*` raises it to the paper's.

Paper (Fan et al., CVPR 2018): TVNet-50 alone 57.5 % on split 1 (Table 3); with an RGB stream 71.0 % as the mean of
three splits (Table 4). 7,000 steps of 128 clips, rate / 10 after 4,000 and 6,000, 250 views per video.

    python -m launch.train --method=tvnet --experiment=hmdb51 --config.data.root=hmdb51

The settings of Temporal Segment Networks (Wang et al., ECCV 2016; 68.5 %) are in `launch/experiments/ucf101.py`, for
`--experiment=hmdb51` as well.
"""

from launch.run.config import Config, new_config


def config(method: str) -> Config:
    """Clips of 112 x 112 from videos of 128 pixels' short side, 1000 steps."""
    return new_config(
        method,
        "hmdb51",
        data={"dataset": "hmdb51", "root": "data/hmdb51", "height": 112, "width": 112, "resize_short": 128},
        train={"steps": 1000, "batch_size": 16, "warmup": 50, "validate_every": 200},
        eval={"clips": 25, "crops": 1},
    )
