"""A flow network on FlyingChairs, with frames, flow and known vectors augmented together, at a size for a CPU.

FlowNet's augmentation (Dosovitskiy et al., ICCV 2015): windows of 320 x 448, translation up to 20 % of the side,
rotation up to 17 degrees, scale 0.9 to 2; here one map for both frames. `FlyingChairs_train_val.txt` in the root, if it
is there, divides the pairs.

    python -m launch.train --method=tvnet_flow --experiment=flyingchairs --config.data.root=FlyingChairs_release
    python -m launch.evaluate --run=runs/flyingchairs-tvnet_flow --config.data.dataset=sintel --config.data.root=sintel
"""

from launch.run.config import Config, new_config


def config(method: str) -> Config:
    """Windows of 192 x 256, 300 steps of four."""
    return new_config(
        method,
        "flyingchairs",
        data={
            "dataset": "flyingchairs",
            "root": "data/flyingchairs",
            "height": 192,
            "width": 256,
            "crop": "random",
            "colour_jitter": 0.2,
            "rotation": 17.0,
            "translation": 0.2,
            "zoom": 0.5,
        },
        train={"steps": 300, "batch_size": 4, "lr": 2e-3, "warmup": 10, "validate_every": 100},
    )
