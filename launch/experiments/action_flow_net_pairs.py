"""The flow half of ActionFlowNet (Ng et al., WACV 2018) on image pairs with exact flow, at a size for a CPU.

The paper trains it on FlyingChairs with multi-scale crops, flips, translation and rotation (section 4.2), Adam at
0.0003 for 80,000 steps, frames of 224 x 224:

    python -m launch.train --method=action_flow_net --experiment=action_flow_net_pairs --output_dir=runs/flownet \\
      --config.data.dataset=flyingchairs --config.data.root=FlyingChairs_release --config.data.height=224 \\
      --config.data.width=224 --config.data.resize_short=384 --config.data.zoom=1.0 --config.data.colour_jitter=0 \\
      --config.model.width=64 --config.train.steps=80000 --config.train.lr=0.0003 --config.train.schedule=constant
    python -m launch.evaluate --run=runs/flownet --config.data.dataset=sintel --config.data.root=sintel \\
      --config.eval.flow_size=own

Here, on generated pairs:

    python -m launch.prepare --generate_pairs=data/pairs
    python -m launch.train --method=action_flow_net --experiment=action_flow_net_pairs --config.data.root=data/pairs
"""

from launch.run.config import Config, new_config

OPTIONS = {"action_flow_net": {"losses": ("flow",), "width": 32}}
"""Options of the methods that have them."""


def config(method: str) -> Config:
    """Windows of 128 x 128, half the width of the paper's network."""
    return new_config(
        method,
        "action_flow_net_pairs",
        model_if_known=OPTIONS.get(method, {}),
        data={
            "dataset": "generated",
            "root": "data/pairs",
            "height": 128,
            "width": 128,
            "crop": "random",
            "colour_jitter": 0.2,
            "rotation": 17.0,
            "translation": 0.2,
            "zoom": 0.5,
        },
        train={"steps": 4000, "batch_size": 16, "lr": 1e-3, "warmup": 100, "log_every": 100, "validate_every": 1000},
        eval={"flow_size": "training"},
    )
