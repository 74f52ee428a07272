"""ActionFlowNet (Ng et al., WACV 2018) on HMDB51, at a size that trains on a CPU.

The paper, split 1 (Table 1): from scratch 23.9 %, fine-tuned 29.1, stacked 42.4, ActionFlowNet 42.4, from FlyingChairs
42.6; every network starts from that of UCF101 (`--experiment=action_flow_net_ucf101`, which has the paper's sizes):

    python -m launch.prepare --flow=flow/hmdb51 --solver=tvl1 --dataset=hmdb51 --data_dir=hmdb51
    python -m launch.train --method=action_flow_net --experiment=action_flow_net_hmdb51 \\
      --output_dir=runs/action_flow_net-hmdb51 --config.init_from=runs/action_flow_net --config.data.root=hmdb51 \\
      --config.data.flow=flow/hmdb51 --config.model.width=64 --config.data.height=224 --config.data.width=224 \\
      --config.data.resize_short=256 --config.train.steps=80000 --config.train.lr=0.0003 \\
      --config.train.schedule=constant
    python -m launch.evaluate --run=runs/action_flow_net-hmdb51
"""

import dataclasses

from launch.experiments import action_flow_net_ucf101
from launch.run.config import Config


def config(method: str) -> Config:
    """As on UCF101, but for half the steps: there are half as many videos."""
    same = action_flow_net_ucf101.config(method)
    return dataclasses.replace(
        same,
        experiment="action_flow_net_hmdb51",
        data=dataclasses.replace(same.data, dataset="hmdb51", root="data/hmdb51"),
        train=dataclasses.replace(same.train, steps=same.train.steps // 2),
    )
