"""Representation Flow's studies on HMDB51 of low resolution, from random weights: 16 frames of 112 x 112, ResNet-34.

Paper (Piergiovanni and Ryoo, CVPR 2019, Tables 1 and 2, LowRes-HMDB51): 45.4 % with nothing of the flow learned, 46.8
with its divergence and constants, 35.5 without flow. The paper's text has one schedule for HMDB51, that of the final
networks' fine-tuning, and it is taken whole: 50 epochs, the rate 0.005 falls to a tenth every 20. Dropout is 0.5, as on
Kinetics: the 0.8 of the fine-tuning is for a network that has learned already. Hours: not measured.

    python -m launch.train --method=representation_flow --experiment=representation_flow_lowres_hmdb51 \\
      --config.data.root=hmdb51

`python -m launch.reproduce --list --table=representation_flow_table1 --rows='*.hmdb'` prints the command of every row.
"""

from launch.experiments.parts.representation_flow_paper import HMDB51, HMDB51_RATE, STUDY_VIEWS, paper_config
from launch.run.config import Config

SCHEDULE = HMDB51

OPTIONS = {"representation_flow": {"depth": 34}}
"""Options that the experiment sets, by method."""


def config(method: str) -> Config:
    """The network and the views of the studies on Tiny-Kinetics, with HMDB51's schedule."""
    return paper_config(
        method,
        "representation_flow_lowres_hmdb51",
        SCHEDULE,
        options=OPTIONS,
        data={"dataset": "hmdb51", "root": "data/hmdb51", "missing": "error", **STUDY_VIEWS},
        rate=HMDB51_RATE,
    )
