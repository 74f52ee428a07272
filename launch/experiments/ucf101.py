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

Temporal Segment Networks (Wang et al., ECCV 2016): 94.0 % as the mean of three splits, RGB and flow fused at 1 : 1.5 or
1 : 1. The settings of their code for both streams. Their weight decay of 0.0005 is a part of the gradient, which the
momentum of 0.9 adds up tenfold; decay here stands beside the gradient, so that 0.005 is the same.

    python -m launch.train --method=rgb --experiment=ucf101 --output_dir=runs/tsn-rgb \\
      --config.data.root=UCF-101 --config.model.backbone=inception_v3 --config.init_from=imagenet \\
      --config.data.height=224 --config.data.width=224 --config.data.resize_short=256 --config.data.segments=3 \\
      --config.data.crop_places=13 --config.model.dropout=0.8 --config.model.batch_norm=partial \\
      --config.model.first_conv_rate=5 --config.train.batch_size=128 --config.train.accumulate=8 \\
      --config.train.optimizer=sgd --config.train.weight_decay=0.005 --config.train.clip_norm=40 \\
      --config.train.lr=0.001 --config.train.warmup=0 --config.train.schedule=steps \\
      --config.train.lr_steps=2000,4000 --config.train.steps=4500 --config.eval.clips=25 --config.eval.crops=10
    python -m launch.prepare --flow=flow/ucf101-tvl1 --solver=tvl1 --dataset=ucf101 --data_dir=UCF-101
    python -m launch.train --method=tvnet --experiment=ucf101 --output_dir=runs/tsn-flow \\
      --config.model.motion=stored --config.data.flow=flow/ucf101-tvl1 \\
      --config.data.root=UCF-101 --config.model.backbone=inception_v3 --config.init_from=imagenet \\
      --config.data.height=224 --config.data.width=224 --config.data.resize_short=256 --config.data.segments=3 \\
      --config.data.crop_ratios=1,0.875,0.75 --config.data.crop_places=13 --config.model.dropout=0.7 \\
      --config.model.batch_norm=partial --config.model.first_conv_rate=5 --config.train.batch_size=128 \\
      --config.train.accumulate=8 --config.train.optimizer=sgd --config.train.weight_decay=0.005 \\
      --config.train.clip_norm=20 --config.train.lr=0.005 --config.train.warmup=0 --config.train.schedule=steps \\
      --config.train.lr_steps=12000,18000 --config.train.steps=20000 --config.eval.clips=25 --config.eval.crops=10
    python -m launch.evaluate --run=runs/tsn-rgb
    python -m launch.evaluate --run=runs/tsn-flow
    python -m launch.fuse --scores=runs/tsn-rgb/evaluation/scores.npz,runs/tsn-flow/evaluation/scores.npz \\
      --weights=1,1.5 --space=logits --output_dir=runs/tsn
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
