"""The paper's own numbers of Representation Flow: the command of each, and cells that have nothing else."""

import shlex
from typing import Any

from launch.tables import Cell

HMDB = {"data.dataset": "hmdb51", "data.root": "hmdb51", "data.missing": "error"}
"""Fields that a training from scratch on HMDB51 sets, as in the second column of Tables 1 and 2."""


def command(model: dict[str, Any], experiment: str = "representation_flow", **overrides: Any) -> str:
    """The command that trains the paper's network.

    Args:
        model: options of the network, beside those that the experiment sets.
        experiment: the name of a module of launch/experiments/.
        **overrides: other fields by their path, such as `**{"data.root": "hmdb51"}`.
    """
    fields = {f"model.{name}": value for name, value in model.items()}
    if experiment == "representation_flow":
        fields["data.root"] = "tiny-kinetics"
    arguments = [f"--config.{path}={_written(value)}" for path, value in {**fields, **overrides}.items()]
    start = ["python", "-m", "launch.train", "--method=representation_flow", f"--experiment={experiment}"]
    return shlex.join([*start, *arguments])


def full_scale_cell(row: str, paper: float, full_scale: str = "", *, number: str = "top1") -> Cell:
    """A cell without a small version; without a command either, where the paper compares with networks of others.

    Args:
        row: the cell's name.
        paper: the paper's number.
        full_scale: the command that computes it.
        number: name of the number.
    """
    return Cell(
        row, paper, number, {}, {}, None, 0.0, percent=number == "top1", comparable=False, full_scale=full_scale
    )


def _written(value: object) -> str:
    return ",".join(value) if isinstance(value, tuple) else str(value)
