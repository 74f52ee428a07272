"""The commands of Representation Flow's own numbers."""

import shlex
from typing import Any

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


def _written(value: object) -> str:
    return ",".join(value) if isinstance(value, tuple) else str(value)
