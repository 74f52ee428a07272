"""Representation Flow's studies on Tiny-Kinetics: 16 frames of 112 x 112, ResNet-34, flow after block 3.

Paper (Piergiovanni and Ryoo, CVPR 2019, Tables 1 to 7): 59.4 % with 10 iterations learned, 60.7 % with 20, 62.3 % with
flow-conv-flow, 55.2 % without flow. Tiny-Kinetics is about 100,000 videos of 150 classes of Kinetics; which classes is
not published, so `--config.data.classes` or another list must say it. SGD with momentum, 200 epochs of 32 clips, the
rate 0.1 falls to a tenth every 50 epochs, the flow's parameters at a hundredth of it. Hours: not measured.

    python -m launch.train --method=representation_flow --experiment=representation_flow \
      --config.data.root=tiny-kinetics

`python -m launch.reproduce --list` prints the command of every row.
"""

from launch.run.config import Config, new_config

EPOCH = 100_000 // 32
"""Steps."""


def config(method: str) -> Config:
    """The paper's training, without the running average of weights: that belongs to its final networks."""
    model = {"depth": 34} if method == "representation_flow" else {}
    return new_config(
        method,
        "representation_flow",
        model=model,
        data={
            "dataset": "tiny_kinetics",
            "root": "data/tiny-kinetics",
            "missing": "report",
            "frames": 16,
            "height": 112,
            "width": 112,
            "resize_short": 128,
        },
        train={
            "steps": 200 * EPOCH,
            "batch_size": 32,
            "optimizer": "sgd",
            "lr": 0.1,
            "weight_decay": 1e-6,
            "schedule": "steps",
            "lr_steps": (50 * EPOCH, 100 * EPOCH, 150 * EPOCH),
            "validate_every": 5 * EPOCH,
            "checkpoint_every": 500,
        },
        eval={"clips": 25, "crops": 1},
    )
