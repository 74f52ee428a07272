"""Moving Shapes: twelve motions that no single frame tells apart. The demo's experiment.

    python -m launch.prepare --generate=data/moving_shapes
    python -m launch.train --method=tvnet_flow --experiment=moving_shapes
    python -m launch.train --method=tvnet --experiment=moving_shapes --config.init_from=runs/moving_shapes-tvnet_flow

The first training learns flow from clips whose flow is known, the second starts from that flow and learns the classes.
Expected on two CPU cores (`make demo`): end-point error on clips never seen 18 % below that of the untrained TVNet,
classes above 90 %, the RGB baseline at chance (8.3 %).
"""

from launch.run.config import Config, new_config

TVNET = {
    # Five warps of ten iterations rather than one of fifty: shapes move by more than a pixel, beyond one linearisation.
    "warps": 5,
    "iterations": 10,
    # Not u0: motion is anywhere in these clips.
    "learn": ("kernels", "tau", "lambda", "theta"),
    "detach_warps": True,
}

OPTIONS = {"tvnet": {"flow_bound": 4.0, "dropout": 0.0, **TVNET}, "tvnet_flow": TVNET}
"""Options of the methods that have a TVNet; those of the others are `OTHERS`."""

OTHERS = {"flow_bound": 4.0, "dropout": 0.0}

TRAIN = {"tvnet_flow": {"steps": 200, "lr": 2e-2, "clip_norm": 1.0}}
"""Flow alone is a small network that takes large steps."""


def config(method: str) -> Config:
    """Whole frames of 64 x 64, 300 steps of 16 clips; of `tvnet_flow`, 200 steps of 16 pairs."""
    return new_config(
        method,
        "moving_shapes",
        model_if_known=OPTIONS.get(method, OTHERS),
        data={"dataset": "moving_shapes", "root": "data/moving_shapes", "crop": "none", "test_crop": "none"},
        train={"steps": 300, "batch_size": 16, "lr": 3e-3, "warmup": 10, **TRAIN.get(method, {})},
        eval={"clips": 1, "crops": 1},
    )
