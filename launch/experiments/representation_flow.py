"""Representation Flow's studies on Tiny-Kinetics: 16 frames of 112 x 112, ResNet-34, flow after block 3.

Paper (Piergiovanni and Ryoo, CVPR 2019, Tables 1 to 7): 59.4 % with 10 iterations learned, 60.7 % with 20, 62.3 % with
flow-conv-flow, 55.2 % without flow. Tiny-Kinetics has 86,365 training and 7,102 test videos of 150 classes of Kinetics,
by the authors' lists (`minikinetics_*.json` of their repository, in the root). SGD with momentum, 200 epochs of 32
clips, the rate 0.1 falls to a tenth every 50 epochs, the flow's parameters at a hundredth of it. Hours: not measured.

    python -m launch.train --method=representation_flow --experiment=representation_flow \\
      --config.data.root=tiny-kinetics

`python -m launch.reproduce --list --table='representation_flow_*' --rows='*'` prints the command of every row.
"""

from launch.experiments.parts.representation_flow_paper import STUDY_VIEWS, Schedule, paper_config
from launch.run.config import Config

SCHEDULE = Schedule(86_365)
"""By the training videos of the authors' list, of which YouTube has lost some; the paper speaks of 100,000."""

OPTIONS = {"representation_flow": {"depth": 34}}
"""Options that the experiment sets, by method."""


def config(method: str) -> Config:
    """The paper's training, without the running average of weights: that belongs to its final networks."""
    return paper_config(
        method,
        "representation_flow",
        SCHEDULE,
        options=OPTIONS,
        data={"dataset": "tiny_kinetics", "root": "data/tiny-kinetics", "missing": "report", **STUDY_VIEWS},
    )
