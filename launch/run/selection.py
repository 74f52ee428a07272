"""The weights of the best validation (`train.keep_best`), and the end when none is better any more (`train.patience`).

What is known so far is a part of every checkpoint, so that a run that was killed and goes on chooses as an unbroken
one. The weights themselves lie beside the checkpoints, one file for every step that a checkpoint calls the best.
"""

import dataclasses
import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import cast

import keras
import tensorflow as tf

from launch import evaluators
from launch.run.config import Config
from launch.run.model import load_weights
from launch.run.run_folder import CHECKPOINTS_DIR, RUN_FILE
from launch.weights.checksum import save_weights
from tvnet_keras.entries import matching
from tvnet_keras.errors import InputError
from tvnet_keras.video import datasets

RESULT = "validation_"
"""How the names of what a validation found begin."""

_NAME, _ENDING = "best-", ".weights.h5"


@dataclasses.dataclass(frozen=True)
class Found:
    """What the validations have found so far.

    Attributes:
        validated: the step of the last validation; -1 before the first one.
        best_step: the step of the best validation, of equally good ones the last.
        numbers: what the best validation found.
        waited: number of validations since one was better than all before it.
    """

    validated: int = -1
    best_step: int = -1
    numbers: dict[str, float] = dataclasses.field(default_factory=dict)
    waited: int = 0


class Selection:
    """Chooses among the validations of a run by one of their numbers, and keeps the weights that it was found of.

    Args:
        folder: the run's folder.
        config: the run's configuration, with a `train.keep_best`.
    """

    def __init__(self, folder: Path, config: Config) -> None:
        self.place = folder / CHECKPOINTS_DIR
        self.headline, self.patience = config.train.keep_best, config.train.patience
        self.higher = evaluators.headlines()[self.headline]
        self.stored = tf.Variable(tf.constant(_text(Found())), trainable=False, name="selection", dtype=tf.string)
        """`found` as a checkpoint holds it."""
        self._best_of: dict[int, int] = {}

    @property
    def found(self) -> Found:
        """What the validations have found so far."""
        return Found(**json.loads(cast(bytes, self.stored.numpy())))

    @property
    def is_over(self) -> bool:
        """Whether so many validations as `train.patience` says were no better."""
        return 0 < self.patience <= self.found.waited

    def restored(self, step: int) -> None:
        """Is told that the checkpoint of a step was read, with what had been found by then.

        Args:
            step: the step; 0 without a checkpoint.
        """
        best = self.found.best_step
        self._best_of = {step: best} if step else {}
        # What a killed process found after its last checkpoint is found again.
        self._remove(lambda found: found > best)

    def take(self, step: int, numbers: Mapping[str, float], model: keras.Model) -> None:
        """Takes a validation into account; the weights of the best one so far are written.

        Args:
            step: the step that was validated.
            numbers: what was found, by `validation_<name>`.
            model: the model as it was validated.
        """
        before = self.found
        value, best = (self._worth(each) for each in (numbers, before.numbers))
        better = before.best_step < 0 or value > best
        waited = 0 if better else before.waited + 1
        if better or value == best:
            self.place.mkdir(parents=True, exist_ok=True)
            save_weights(model, self._file(step))
            found = Found(step, step, dict(numbers), waited)
        else:
            found = dataclasses.replace(before, validated=step, waited=waited)
        # Last of all: whoever is stopped before it takes this validation again.
        self.stored.assign(_text(found))

    def saved(self, steps: Sequence[int]) -> None:
        """Is told which checkpoints there are; weights that none of them calls the best go.

        Args:
            steps: of the checkpoints, the newest last.
        """
        best = self.found.best_step
        known = {**self._best_of, steps[-1]: best}
        self._best_of = {step: known[step] for step in steps if step in known}
        needed = {best, *self._best_of.values()}
        self._remove(lambda found: found not in needed)

    def put_best(self, model: keras.Model) -> None:
        """Puts the weights of the best validation into a model.

        Raises:
            InputError: their file is gone or damaged.
        """
        file = self._file(self.found.best_step)
        if not file.is_file():
            raise InputError(
                f"{file} is gone, which held the best weights of this run: put back a copy of it, or train in another "
                "--output_dir."
            )
        load_weights(model, file, self.place.parent / RUN_FILE)

    def end(self, step: int, steps: int) -> str:
        """The sentence about the weights that are kept, and why the training ended.

        Args:
            step: the last step.
            steps: the number of steps that were asked for.
        """
        found = self.found
        value = found.numbers[RESULT + self.headline]
        kept = f"the weights of step {found.best_step} are kept, {RESULT}{self.headline} {value:.3f}"
        if step == steps:
            return f"Of {steps} steps, {kept}."
        return (
            f"Stopped at step {step} of {steps}, after {found.waited} validations that were no better: {kept}; a "
            "larger --config.train.patience, or 0, goes on."
        )

    def _worth(self, numbers: Mapping[str, float]) -> float:
        value = numbers.get(RESULT + self.headline, math.nan)
        return -math.inf if math.isnan(value) else value if self.higher else -value

    def _file(self, step: int) -> Path:
        return self.place / f"{_NAME}{step}{_ENDING}"

    def _remove(self, unneeded: Callable[[int], bool]) -> None:
        for file in matching(self.place, f"{_NAME}*{_ENDING}"):
            number = file.name.removeprefix(_NAME).removesuffix(_ENDING)
            if number.isdecimal() and unneeded(int(number)):
                file.unlink(missing_ok=True)


def require_selectable(config: Config) -> None:
    """Refuses a selection that has nothing to choose among, or only the list that the run is tested on.

    Args:
        config: the run's configuration.

    Raises:
        InputError: either; the sentence names the flag.
    """
    train, data = config.train, config.data
    if not train.keep_best:
        if train.patience:
            raise InputError(
                f"--config.train.patience={train.patience} waits for a better validation: say of which number with "
                f"--config.train.keep_best, such as {next(iter(evaluators.headlines()))}."
            )
        return
    flag = f"--config.train.keep_best={train.keep_best}"
    if data.dataset not in datasets.names():
        raise InputError(
            f"{flag} would choose weights by what they are tested on: image pairs have no part for it; leave it out."
        )
    if not data.validation:
        raise InputError(
            f"{flag} would choose weights by the test list: keep back a part of the training list for it with "
            "--config.data.validation, such as 0.2."
        )
    if not train.validate_every:
        raise InputError(f"{flag} needs validations to choose from: set --config.train.validate_every, such as 50.")


def require_measured(config: Config, measures: Sequence[ModuleType]) -> None:
    """Refuses a selection by a number that the validation does not find.

    Args:
        config: the run's configuration.
        measures: modules of `launch.evaluators`, what is measured.

    Raises:
        InputError: it does not find it.
    """
    names = [name for module in measures for name in module.HEADLINES]
    if config.train.keep_best and config.train.keep_best not in names:
        raise InputError(
            f"--config.train.keep_best={config.train.keep_best} is not among what is validated here, {', '.join(names)}"
            ": choose one of these, or other --config.eval.measures."
        )


def _text(found: Found) -> str:
    return json.dumps(dataclasses.asdict(found))
