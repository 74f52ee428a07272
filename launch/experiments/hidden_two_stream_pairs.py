"""MotionNet (Zhu et al., ACCV 2018) on image pairs, without their exact flow, which only judges what it learned.

    python -m launch.prepare --generate_pairs=data/pairs
    python -m launch.train --method=motion_net --experiment=hidden_two_stream_pairs --config.data.root=data/pairs

With `--config.model.proxy_weight=1` the exact flow is learned beside the frames.
"""

from launch.run.config import Config, new_config

OPTIONS = {"motion_net": {"width": 16, "flow_fields": 1, "normalisation": "released"}}
"""Options of the methods that have them: a quarter of the width, the network of pairs; as on videos, the paper's means
learned nothing within 400 steps."""


def config(method: str) -> Config:
    """Windows of 128 x 128, turned, shifted, zoomed and mirrored."""
    return new_config(
        method,
        "hidden_two_stream_pairs",
        model_if_known=OPTIONS.get(method, {}),
        data={
            "dataset": "generated",
            "root": "data/pairs",
            "height": 128,
            "width": 128,
            "crop": "random",
            "rotation": 17.0,
            "translation": 0.2,
            "zoom": 0.5,
        },
        train={
            "steps": 3000,
            "batch_size": 16,
            "lr": 1e-3,
            "clip_norm": 2.0,
            "warmup": 100,
            "log_every": 100,
            "validate_every": 500,
        },
        eval={"flow_size": "training"},
    )
