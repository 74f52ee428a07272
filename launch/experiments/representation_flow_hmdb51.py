"""Representation Flow's final networks, fine-tuned on HMDB51 from their run on Kinetics.

Paper (Piergiovanni and Ryoo, CVPR 2019, Table 9, HMDB(+Kin)): 76.4 % with representation flow, 77.3 % with
flow-conv-flow, 66.6 % with RGB and optical flow. 50 epochs, the rate 0.005 falls to a tenth every 20, dropout 0.8;
otherwise as on Kinetics. Hours: not measured.

    python -m launch.train --method=representation_flow --experiment=representation_flow_hmdb51 \\
      --config.data.root=hmdb51 --config.init_from=runs/representation_flow_final-representation_flow
"""

from launch.experiments.parts.representation_flow_paper import (
    AVERAGE_MOMENTUM,
    FINAL_OPTIONS,
    FINAL_VIEWS,
    HMDB51,
    HMDB51_RATE,
    paper_config,
)
from launch.run.config import Config

SCHEDULE = HMDB51

OPTIONS = {"representation_flow": {**FINAL_OPTIONS, "dropout": 0.8}}
"""Options that the experiment sets, by method."""


def config(method: str) -> Config:
    """The paper's fine-tuning, for which every listed video must be there."""
    return paper_config(
        method,
        "representation_flow_hmdb51",
        SCHEDULE,
        options=OPTIONS,
        data={"dataset": "hmdb51", "root": "data/hmdb51", "missing": "error", **FINAL_VIEWS},
        rate=HMDB51_RATE,
        average_momentum=AVERAGE_MOMENTUM,
    )
