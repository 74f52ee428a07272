"""Representation Flow's final networks on Kinetics: 32 frames of 224 x 224, ResNet-50, flow after block 3.

Paper (Piergiovanni and Ryoo, CVPR 2019, Table 9): 68.5 % with 20 iterations learned, 69.4 % with flow-conv-flow
(`--config.model.flows=fcf`), 61.3 % without flow. SGD with momentum, 200 epochs of 32 clips (24 for 3D and (2+1)D
networks), the rate 0.1 falls to a tenth every 50 epochs, the flow's parameters at a hundredth of it; tested with a
running average of the weights, whose momentum is not published. Hours: not measured; the authors had eight V100.

    python -m launch.train --method=representation_flow --experiment=representation_flow_final \\
      --config.data.root=kinetics

`python -m launch.reproduce --list` prints the command of every row of Table 9.
"""

import dataclasses

from launch.experiments import representation_flow
from launch.run.config import Config

KINETICS_VIDEOS = 240_000
"""To train on, about; the list at hand decides."""

EPOCH = KINETICS_VIDEOS // 32


def config(method: str) -> Config:
    """As the studies on Tiny-Kinetics, with larger clips, a deeper network, twice the iterations and the average."""
    studies = representation_flow.config(method)
    model = studies.model
    if method == "representation_flow":
        model = dataclasses.replace(model, depth=50, iterations=20)
    data = {
        "dataset": "kinetics",
        "root": "data/kinetics",
        "frames": 32,
        "height": 224,
        "width": 224,
        "resize_short": 256,
    }
    return dataclasses.replace(
        studies,
        experiment="representation_flow_final",
        model=model,
        data=dataclasses.replace(studies.data, **data),
        train=dataclasses.replace(
            studies.train,
            steps=200 * EPOCH,
            lr_steps=(50 * EPOCH, 100 * EPOCH, 150 * EPOCH),
            validate_every=5 * EPOCH,
            ema=0.999,
        ),
    )
