"""The networks of Table 1 on any data set: each starts from fresh weights or from a network of flow, shared by all."""

import dataclasses
from functools import partial
from pathlib import Path
from typing import Any

import keras

from launch.evaluators import Measurement, flow, photometric
from launch.run.config import Config, check, to_dict
from launch.run.data import open_source
from launch.run.model import load_run
from launch.run.run_folder import read
from launch.tables import Cell, Column
from launch.tables.action_flow_net.parts.generated import train_generated
from launch.tables.parts.stored import run_folder_of, weights_file
from launch.tables.parts.trained_cells import Prepare, train_and_score, trained_cell
from launch.train import train
from models.action_flow_net import CLASS, FLOW, FROZEN, LOSSES, STACKED, STACKED_FULL_SIZE

METHOD = "action_flow_net"

FLOW_ROW = "flow"
"""The network of flow that others start from, learned on the flow of the table's own videos."""

GENERATED_ROW = "action_flow_net_flow/generated"
"""The network of flow that was learned on generated pairs, which stand for FlyingChairs; another table's."""

FLOW_SEED = 0
"""Of the networks of flow: the pretraining is shared by all seeds."""

MINUTES = Column("minutes", "minutes", ".0f")

FROM_FLOW: dict[str, Any] = {"losses": (CLASS,), "structure": STACKED, "flow_network": FROZEN}


@dataclasses.dataclass(frozen=True)
class Network:
    """A row of Table 1.

    Attributes:
        model: options of the method.
        start: the row of the network that it starts from; empty for fresh weights.
    """

    model: dict[str, Any]
    start: str = ""

    @property
    def learns_flow(self) -> bool:
        """Whether the flow is part of its loss."""
        return FLOW in self.model["losses"]


NETWORKS = {
    "scratch": Network({"losses": (CLASS,)}),
    "fine-tune": Network({"losses": (CLASS,)}, FLOW_ROW),
    "actionflownet": Network({"losses": LOSSES}, FLOW_ROW),
    "stacked": Network(FROM_FLOW, FLOW_ROW),
    "actionflownet-generated": Network({"losses": LOSSES}, GENERATED_ROW),
    "stacked-generated": Network(FROM_FLOW, GENERATED_ROW),
    "stacked-full-size": Network({**FROM_FLOW, "structure": STACKED_FULL_SIZE}, FLOW_ROW),
    "stacked-end-to-end": Network({**FROM_FLOW, "flow_network": "trained"}, FLOW_ROW),
}
"""By row."""


@dataclasses.dataclass(frozen=True)
class Setting:
    """A data set and how networks are trained on it.

    Attributes:
        table: the name of the table.
        config: the configuration of a training, whatever the row.
        prepare: puts the data in its place, with flow where the configuration has `data.flow`.
        with_flow: fields of `config.data` where flow is learned.
        flow_start: the row that the network of flow starts from; empty for fresh weights.
        flow_steps: of the training of the network of flow; 0 takes those of every row.
    """

    table: str
    config: Config
    prepare: Prepare
    with_flow: dict[str, Any] = dataclasses.field(default_factory=dict)
    flow_start: str = ""
    flow_steps: int = 0

    def of(self, network: Network) -> Config:
        """The configuration of a row; it names the row that the network starts from."""
        config = self.config
        data = {**self.with_flow} if network.learns_flow else {}
        return dataclasses.replace(
            config,
            model=dataclasses.replace(config.model, **network.model),
            data=dataclasses.replace(config.data, **data),
            init_from=network.start,
        )

    def of_flow(self) -> Config:
        """The configuration of the network of flow on the videos themselves."""
        config = self.of(Network({"losses": (FLOW,)}, self.flow_start))
        return dataclasses.replace(
            config,
            data=dataclasses.replace(config.data, colour_jitter=0.0),
            train=dataclasses.replace(config.train, steps=self.flow_steps or config.train.steps),
        )


def network_cell(
    row: str,
    paper: float | None,
    setting: Setting,
    *,
    seeds: tuple[int, ...] = (0,),
    minutes: float,
    full_scale: str = "",
) -> Cell:
    """A cell whose number is the top-1 accuracy of a row of `NETWORKS`.

    Args:
        row: the row.
        paper: the paper's accuracy, percent.
        setting: the data set and the training.
        seeds: the seeds of the trainings.
        minutes: time that one takes on two CPU cores, about, without the network that it starts from.
        full_scale: the command that computes the paper's own number.
    """
    config = setting.of(NETWORKS[row])
    cell = trained_cell(row, paper, config, setting.prepare, seeds=seeds, minutes=minutes, full_scale=full_scale)
    return dataclasses.replace(cell, run=partial(_run, setting, row), columns=(MINUTES,))


def flow_cell(setting: Setting, *, minutes: float, full_scale: str = "") -> Cell:
    """The cell of the network of flow: its end-point error, or what its flow leaves unexplained.

    Args:
        setting: the data set and the training.
        minutes: time that it takes on two CPU cores, about.
        full_scale: the command that computes the paper's own.
    """
    config, number = setting.of_flow(), "photometric" if setting.with_flow else "epe"
    return Cell(
        FLOW_ROW,
        None,
        number,
        to_dict(config),
        {"steps": config.train.steps},
        partial(_run_flow, setting),
        minutes,
        seeds=(FLOW_SEED,),
        comparable=False,
        full_scale=full_scale,
        columns=(Column("of no flow", f"{number}_zero", ".3f"), MINUTES),
    )


def _run(setting: Setting, row: str, data_dir: str, seed: int, weights: Path) -> Measurement:
    network = NETWORKS[row]
    config = setting.of(network)
    if network.start:
        start = train_flow(setting, network.start, data_dir, weights)
        config = dataclasses.replace(config, init_from=str(start))
    return train_and_score(config, setting.prepare, data_dir, seed, weights)


def _run_flow(setting: Setting, data_dir: str, seed: int, weights: Path) -> Measurement:
    folder = train_flow(setting, FLOW_ROW, data_dir, weights)
    config, model, _ = load_run(folder)
    measure = photometric if setting.with_flow else flow
    measured = measure.measure(model, open_source(config, "test"), config)
    results = read(folder)["results"]
    return dataclasses.replace(measured, numbers={**measured.numbers, "train_loss": results["loss"]})


def train_flow(setting: Setting, row: str, data_dir: str, weights: Path) -> Path:
    """Trains a network of flow, unless it is there.

    Args:
        setting: the data set and the training.
        row: `FLOW_ROW` or `GENERATED_ROW`.
        data_dir: the data set's folder.
        weights: the weight file of a cell of the same table.

    Returns:
        The folder of its run.
    """
    keras.backend.clear_session()
    weights_dir = weights.parent.parent
    if row == GENERATED_ROW:
        return train_generated(weights_dir)
    folder = run_folder_of(weights_file(weights_dir, setting.table, row, FLOW_SEED))
    config = setting.of_flow()
    if config.init_from:
        config = dataclasses.replace(config, init_from=str(train_flow(setting, config.init_from, data_dir, weights)))
    config = check(dataclasses.replace(setting.prepare(config, Path(data_dir), weights.parent), seed=FLOW_SEED))
    train(config, folder)
    return folder
