"""A run that goes on to another number of steps than it began with (`train.steps`)."""

from pathlib import Path
from typing import Any

from launch.run.config import Config
from launch.run.optimization import make_schedule
from tvnet_keras.errors import InputError

FIELD = "extended"
"""Under which `run.json` has, for every change, the `step` at which it was made and the `steps` that were asked for."""


def extended(run: dict[str, Any], done: int, steps: int, folder: Path) -> dict[str, Any]:
    """The record of a run that goes on to another number of steps; the results of its earlier end are not among it.

    Args:
        run: the content of `run.json`.
        done: the number of steps of its newest checkpoint.
        steps: the number of steps that it goes on to.
        folder: the run's folder.

    Raises:
        InputError: it has taken more steps already.
    """
    if steps < done:
        raise InputError(
            f"--config.train.steps={steps} is less than the {done} steps that the run in {folder} has taken; give at "
            f"least {done}, or another --output_dir."
        )
    change = {"step": done, "steps": run["config"]["train"]["steps"]}
    return {**run, FIELD: [*run.get(FIELD, []), change], "results": {}}


def sentence(run: dict[str, Any], config: Config, start: int) -> str:
    """What is to be said of the last change where the run goes on; empty where there was none.

    Args:
        run: the content of `run.json`.
        config: the run's configuration.
        start: the last step that is done.
    """
    train, changes = config.train, run.get(FIELD, [])
    if not changes or start >= train.steps:
        return ""
    said = f"The run was to end at step {changes[-1]['steps']} and goes on to step {train.steps}"
    if train.schedule != "cosine":
        return f"{said}, as one that began so."
    rate = float(make_schedule(train)(start))
    return (
        f"{said}: its learning rate is now a cosine over {train.steps} steps, {rate:.3g} at step {start + 1}, so that "
        "it ends otherwise than one that began so."
    )
