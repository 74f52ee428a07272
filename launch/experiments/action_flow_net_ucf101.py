"""ActionFlowNet (Ng et al., WACV 2018) on UCF101, at a size that trains on a CPU.

The paper, split 1 (Table 1): from scratch 47.7 %, fine-tuned 66.0, stacked 69.6, ActionFlowNet 70.0, from FlyingChairs
71.0. Frames of 224 x 224, Adam at 0.0003 for 80,000 steps, multi-scale crops and flips, for classes also colours; flow
of EpicFlow as truth, for which any stored flow stands here; tested on 64 random windows of two random neighbouring
frames. The paper's settings, all steps one after the other (batch 32 is ours: the paper does not say):

    python -m launch.prepare --flow=flow/ucf101 --solver=tvl1 --dataset=ucf101 --data_dir=UCF-101
    python -m launch.train --method=action_flow_net --experiment=action_flow_net_ucf101 --output_dir=runs/flownet \\
      --config.data.root=UCF-101 --config.data.flow=flow/ucf101 --config.model.losses=flow --config.model.width=64 \\
      --config.data.height=224 --config.data.width=224 --config.data.resize_short=256 --config.data.colour_jitter=0 \\
      --config.train.steps=80000 --config.train.lr=0.0003 --config.train.schedule=constant
    python -m launch.train --method=action_flow_net --experiment=action_flow_net_ucf101 \\
      --output_dir=runs/action_flow_net --config.init_from=runs/flownet --config.data.root=UCF-101 \\
      --config.data.flow=flow/ucf101 --config.model.width=64 --config.data.height=224 --config.data.width=224 \\
      --config.data.resize_short=256 --config.train.steps=80000 --config.train.lr=0.0003 \\
      --config.train.schedule=constant
    python -m launch.evaluate --run=runs/action_flow_net

Fine-tuning and the stacked network start from the same run and read no stored flow: `--config.model.losses=class`, and
with `--config.model.structure=stacked --config.model.flow_network=frozen`.
"""

from launch.run.config import Config, new_config

OPTIONS = {"action_flow_net": {"width": 32}}
"""Options of the methods that have them."""


def config(method: str) -> Config:
    """Pairs of 112 x 112 from videos of 128 pixels' short side, half the width of the paper's network."""
    return new_config(
        method,
        "action_flow_net_ucf101",
        model_if_known=OPTIONS.get(method, {}),
        data={
            "dataset": "ucf101",
            "root": "data/ucf101",
            "height": 112,
            "width": 112,
            "resize_short": 128,
            "colour_jitter": 0.2,
        },
        train={"steps": 2000, "batch_size": 32, "lr": 1e-3, "warmup": 50, "log_every": 50, "checkpoint_every": 200},
        eval={"sampling": "random", "clips": 1, "crops": 64, "batch_size": 64},
    )
