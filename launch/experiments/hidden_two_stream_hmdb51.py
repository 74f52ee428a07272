"""Hidden Two-Stream (Zhu et al., ACCV 2018) on HMDB51, at a size that trains on a CPU.

The paper: MotionNet is UCF101's, as it is; the streams start from those of UCF101 (`hidden_two_stream_ucf101`, which
has the paper's sizes). 58.9 % is the mean of three splits (Table 5). The released schedule falls at 5,000, 7,000 and
8,500 steps.

    python -m launch.train --method=hidden_two_stream --experiment=hidden_two_stream_hmdb51 \\
      --output_dir=runs/hmdb51-hidden-c --config.init_from=runs/hidden-c --config.data.root=hmdb51 \\
      --config.model.backbone=vgg16 --config.model.dropout=0.8 --config.model.flow_range=eight_bit \\
      --config.model.flow_bound=20 --config.model.flow_fields=10 --config.model.motion_width=64 \\
      --config.model.normalisation=released --config.data.frames=11 --config.data.height=224 \\
      --config.data.width=224 --config.data.resize_short=256 --config.data.resize_long=340 \\
      --config.train.optimizer=sgd --config.train.lr=0.001 \\
      --config.train.weight_decay=0.005 --config.train.batch_size=128 --config.train.accumulate=8 \\
      --config.train.schedule=steps --config.train.lr_steps=5000,7000,8500 --config.train.steps=10000 \\
      --config.train.warmup=0 --config.train.clip_norm=0 --config.eval.sampling=floor \\
      --config.eval.clips=25 --config.eval.crops=10
    python -m launch.evaluate --run=runs/hmdb51-hidden-c
"""

import dataclasses

from launch.experiments import hidden_two_stream_ucf101
from launch.run.config import Config


def config(method: str) -> Config:
    """As on UCF101, but for half the steps: there are half as many videos."""
    same = hidden_two_stream_ucf101.config(method)
    return dataclasses.replace(
        same,
        experiment="hidden_two_stream_hmdb51",
        data=dataclasses.replace(same.data, dataset="hmdb51", root="data/hmdb51"),
        train=dataclasses.replace(same.train, steps=same.train.steps // 2),
    )
