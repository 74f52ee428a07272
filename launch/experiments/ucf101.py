"""UCF101, at a size that trains on a CPU; `--config.*` raises it to the paper's.

Paper (Fan et al., CVPR 2018): TVNet-50 alone 85.5 % on split 1 (Table 3); with an RGB stream 94.5 % as the mean of
three splits (Table 4). BN-Inception from ImageNet weights, 224 x 224, 18,000 steps of 128 clips, 250 views per video.
Its settings here (Inception-v3 stands in for BN-Inception):

    python -m launch.train --method=tvnet --experiment=ucf101 --config.data.root=UCF-101 \\
      --config.model.backbone=inception_v3 --config.init_from=imagenet --config.data.height=224 \\
      --config.data.width=224 --config.data.resize_short=256 --config.train.batch_size=128 \\
      --config.train.accumulate=8 --config.train.optimizer=sgd --config.train.lr=0.005 \\
      --config.train.schedule=steps --config.train.lr_steps=10000,16000 --config.train.steps=18000 \\
      --config.eval.clips=25 --config.eval.crops=10
"""

from launch.run.config import Config, new_config


def config(method: str) -> Config:
    """Clips of 112 x 112 from videos of 128 pixels' short side, 1000 steps."""
    return new_config(
        method,
        "ucf101",
        data={
            "dataset": "ucf101",
            "root": "data/ucf101",
            "height": 112,
            "width": 112,
            "resize_short": 128,
        },
        train={"steps": 1000, "batch_size": 16, "warmup": 50, "validate_every": 200},
        eval={"clips": 25, "crops": 1},
    )
