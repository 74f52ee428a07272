"""TVNet trained for flow on Middlebury's eight pairs, by the protocol of its released training script.

Paper (Fan et al., CVPR 2018, Table 1): mean end-point error 0.35 with TVNet-50 trained whole, 1.24 with TVNet-10;
tested on the pairs that were trained on. Released script: 240 x 240, the truth scaled, unknown vectors zero and
included, Adam 0.005, 2000 steps of 32 draws with replacement. Two CPU cores: about ten minutes for TVNet-50.

    python -m launch.train --method=tvnet_flow --experiment=middlebury --config.data.root=middlebury \\
      --config.model.variant=official
"""

from launch.run.config import Config, new_config


def config(method: str) -> Config:
    """All pairs at 240 x 240, never cropped."""
    return new_config(
        method,
        "middlebury",
        data={
            "dataset": "middlebury",
            "root": "data/middlebury",
            "height": 240,
            "width": 240,
            "crop": "none",
            "test_crop": "none",
            "flip": False,
            "interpolation": "linear",
            "unknown": "zero",
            "draw": "replacement",
        },
        train={
            "steps": 2000,
            "batch_size": 32,
            "lr": 0.005,
            "schedule": "constant",
            "clip_norm": 0.0,
            "log_every": 100,
            "checkpoint_every": 200,
        },
        eval={"flow_size": "training"},
    )
