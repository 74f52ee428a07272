"""Moving Shapes: twelve motions that no single frame tells apart. The demo's experiment.

    python -m launch.prepare --generate=data/moving_shapes
    python -m launch.train --method=tvnet --experiment=moving_shapes

Expected on two CPU cores (`make demo`): TVNet above 90 %, the RGB baseline at chance (8.3 %).
"""

from launch.run.config import Config, new_config


def config(method: str) -> Config:
    """Whole frames of 64 x 64, 300 steps of 16 clips."""
    return new_config(
        method,
        "moving_shapes",
        model_if_known={"flow_bound": 4.0, "dropout": 0.0},
        data={"dataset": "moving_shapes", "root": "data/moving_shapes", "crop": "none", "test_crop": "none"},
        train={"steps": 300, "batch_size": 16, "lr": 3e-3, "warmup": 10},
        eval={"clips": 1, "crops": 1},
    )
