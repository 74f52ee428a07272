"""Representation Flow's final networks on Kinetics: 32 frames of 224 x 224, ResNet-50, flow after block 3.

Paper (Piergiovanni and Ryoo, CVPR 2019, Table 9): 68.5 % with 20 iterations learned, 69.4 % with flow-conv-flow
(`--config.model.flows=fcf`), 61.3 % without flow. SGD with momentum, 200 epochs of 32 clips (24 for 3D and (2+1)D
networks), the rate 0.1 falls to a tenth every 50 epochs, the flow's parameters at a hundredth of it; tested with a
running average of the weights, whose momentum is not published. Hours: not measured; the authors had eight V100.

    python -m launch.train --method=representation_flow --experiment=representation_flow_final \\
      --config.data.root=kinetics

`python -m launch.reproduce --list --table=representation_flow_table9 --rows='*'` prints the command of every row. The
experiment's name does not say its data set, but stands in the records of runs, so it stays.
"""

from launch.experiments.parts.representation_flow_paper import (
    AVERAGE_MOMENTUM,
    FINAL_OPTIONS,
    FINAL_VIEWS,
    Schedule,
    paper_config,
)
from launch.run.config import Config

SCHEDULE = Schedule(240_000)

OPTIONS = {"representation_flow": FINAL_OPTIONS}
"""Options that the experiment sets, by method."""


def config(method: str) -> Config:
    """The paper's training of the studies, on larger clips, with a deeper network, more iterations and the average."""
    return paper_config(
        method,
        "representation_flow_final",
        SCHEDULE,
        options=OPTIONS,
        data={"dataset": "kinetics", "root": "data/kinetics", "missing": "report", **FINAL_VIEWS},
        average_momentum=AVERAGE_MOMENTUM,
    )
