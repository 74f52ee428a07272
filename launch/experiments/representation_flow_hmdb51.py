"""Representation Flow's final networks, fine-tuned on HMDB51 from their run on Kinetics.

Paper (Piergiovanni and Ryoo, CVPR 2019, Table 9, HMDB(+Kin)): 76.4 % with representation flow, 77.3 % with
flow-conv-flow, 66.4 % with RGB and optical flow. 50 epochs, the rate 0.005 falls to a tenth every 20, dropout 0.8;
otherwise as on Kinetics. Hours: not measured.

    python -m launch.train --method=representation_flow --experiment=representation_flow_hmdb51 \\
      --config.data.root=hmdb51 --config.init_from=runs/representation_flow_final-representation_flow
"""

import dataclasses

from launch.experiments import representation_flow_final
from launch.run.config import Config

EPOCH = 3570 // 32
"""Steps: every split has 3570 videos to train on."""


def config(method: str) -> Config:
    """The paper's fine-tuning, whole videos given."""
    kinetics = representation_flow_final.config(method)
    model = kinetics.model
    if method == "representation_flow":
        model = dataclasses.replace(model, dropout=0.8)
    data = {"dataset": "hmdb51", "root": "data/hmdb51", "missing": "error"}
    train = {"steps": 50 * EPOCH, "lr": 0.005, "lr_steps": (20 * EPOCH, 40 * EPOCH), "validate_every": 5 * EPOCH}
    return dataclasses.replace(
        kinetics,
        experiment="representation_flow_hmdb51",
        model=model,
        data=dataclasses.replace(kinetics.data, **data),
        train=dataclasses.replace(kinetics.train, **train),
    )
