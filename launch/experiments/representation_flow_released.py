"""Representation Flow as the released code trains it on HMDB51, beside the paper's way (`representation_flow_hmdb51`).

Piergiovanni and Ryoo publish no number of this script. The network of the first release: (2+1)D ResNet-50,
flow-conv-flow after block 3 added to the features. 60 epochs of 24 clips, SGD with momentum, the rate 0.01, that of the
flow's parameters 0.0001; 16 frames, every second one of the video, frames half as large, a window of 112 x 112
anywhere, no mirror images; tested on one clip and its centre. Two things are not as released: their rate falls by
itself where the loss stands still for seven epochs, here it stays; and their test clip starts anywhere, here it is the
middle one. Hours: not measured.

    python -m launch.train --method=representation_flow --experiment=representation_flow_released \\
      --config.data.root=hmdb51
    python -m launch.evaluate --run=runs/representation_flow_released-representation_flow
"""

from launch.experiments.parts.representation_flow_paper import HMDB51
from launch.run.config import Config, new_config

BATCH_SIZE = 24

EPOCHS = 60

OPTIONS = {
    "representation_flow": {
        "backbone": "resnet2plus1d_hmdb",
        "depth": 50,
        "flows": "fcf",
        "fusion": "residual",
        "variant": "released_v1",
    }
}
"""Options that the experiment sets, by method."""


def config(method: str) -> Config:
    """The released training."""
    per_epoch = HMDB51.videos // BATCH_SIZE
    return new_config(
        method,
        "representation_flow_released",
        model=OPTIONS.get(method, {}),
        data={
            "dataset": "hmdb51",
            "root": "data/hmdb51",
            "missing": "error",
            "frames": 16,
            "step": 2,
            "height": 112,
            "width": 112,
            # HMDB51's frames are 240 pixels high; the released loader takes every second pixel.
            "resize_short": 120,
            "crop": "random",
            "flip": False,
        },
        train={
            "steps": EPOCHS * per_epoch,
            "batch_size": BATCH_SIZE,
            "optimizer": "sgd",
            "lr": 0.01,
            "weight_decay": 1e-6,
            "schedule": "constant",
            "clip_norm": 0.0,
            "validate_every": per_epoch,
            "checkpoint_every": 500,
        },
        eval={"clips": 1, "crops": 1},
    )
