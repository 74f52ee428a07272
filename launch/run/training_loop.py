"""The one training loop: steps, with what is looked at, validated and kept on the way."""

import dataclasses
from collections.abc import Iterable, Iterator
from types import ModuleType

import keras
import numpy as np
import tensorflow as tf

from launch.run import run_folder
from launch.run.checkpoints import Checkpoints
from launch.run.config import Config, EvalConfig
from launch.run.data import Source
from launch.run.finite_guard import FiniteGuard
from launch.run.interruption import Interrupted, Interruption
from launch.run.monitor import PICTURED_CLIPS, Monitor
from launch.run.optimization import averaged_weights
from launch.run.profiling import Profiler
from launch.run.selection import RESULT, Selection
from launch.run.train_step import Fields, TrainStep
from models import input_of


class TrainingLoop:
    """The loop over steps, with its checkpoints and validations.

    Args:
        config: the run's configuration.
        model: the network that is trained.
        optimizer: the optimizer of its weights, built.
        checkpoints: the checkpoints of the run.
        monitor: what shows the run on the console and in TensorBoard.
        validation: the test list, or the part of the training list that stands in for it.
        measures: modules of `launch.evaluators`, what is measured on it.
        selection: what chooses among the validations; None keeps the weights of the last step.
    """

    def __init__(
        self,
        config: Config,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        checkpoints: Checkpoints,
        monitor: Monitor,
        validation: Source,
        measures: list[ModuleType],
        selection: Selection | None = None,
    ) -> None:
        self.config, self.model, self.optimizer = config, model, optimizer
        self.checkpoints, self.monitor = checkpoints, monitor
        self.validation, self.measures, self.selection = validation, measures, selection
        self.finite = FiniteGuard(config)

    def run(self, train_step: TrainStep, batches: Iterable[Fields], start: int, profile: bool) -> int:
        """Takes every step after `start`.

        Args:
            train_step: the update.
            batches: the training batches from step `start` on.
            start: the last step that is done already; 0 in a new run.
            profile: whether to write a profile for TensorBoard.

        Returns:
            The last step: `train.steps`, or an earlier one at which the validations had not become better for too long.

        Raises:
            InputError: something is not finite any more.
            Interrupted: Ctrl-C; the last step is saved.
        """
        iterator, step = iter(batches), start
        profiler = Profiler(self.checkpoints.folder, self.monitor.writer, profile)
        with Interruption() as interruption:
            if self.selection is not None:
                # The checkpoint that the run goes on from was written before the validation of its step.
                self._validate_if_due(step, interruption)
            while not (self._is_last(step) or interruption.asked):
                step += 1
                profiler.before(step - start)
                tensors = train_step(_whole_batch(iterator, train_step.strategy))
                profiler.after(step - start)
                self.finite.watch(step, tensors)
                self._look_at(step, tensors)
                self._validate_if_due(step, interruption)
                if self._is_last(step) and step < self.config.train.steps:
                    self._keep(step, tensors)
            if interruption.asked:
                raise self._interrupted(step)
        profiler.close()
        return step

    def _is_last(self, step: int) -> bool:
        return step >= self.config.train.steps or (self.selection is not None and self.selection.is_over)

    def _look_at(self, step: int, tensors: Fields) -> None:
        """Reports and saves a step, where it is one of those that are."""
        train = self.config.train
        saves = step % train.checkpoint_every == 0 or step == train.steps
        # Fetching waits for the device, so it is done where somebody looks or something is kept.
        if saves or self.monitor.looks_at(step):
            metrics = _numbers(tensors)
            self.finite.require()
            self.monitor.step(step, metrics)
        if saves:
            self._keep(step, tensors)

    def _keep(self, step: int, tensors: Fields) -> None:
        """Saves a step; the numbers of the last one stand in the run's record."""
        self._require_finite(step)
        if self._is_last(step):
            # First, as a run that is killed after its last checkpoint does not come here again.
            folder, first_step_s = self.checkpoints.folder, self.monitor.first_step_s
            run_folder.add_results(folder, **_numbers(tensors), first_step_s=first_step_s)
        self._save(step)

    def _require_finite(self, step: int) -> None:
        self.finite.require()
        self.finite.require_state(step, (*self.model.variables, *self.optimizer.variables))

    def _save(self, step: int) -> None:
        self.checkpoints.save(step)
        if self.selection is not None:
            self.selection.saved(self.checkpoints.whole)

    def _interrupted(self, step: int) -> Interrupted:
        """Saves the last step, and returns what says so."""
        if step and (self.checkpoints.whole[-1:] != [step] or self.selection is not None):
            self._require_finite(step)
            self._save(step)
        goes_on = f"goes on with step {step + 1}" if step < self.config.train.steps else "validates and exports it"
        return Interrupted(
            f"interrupted after step {step} of {self.config.train.steps}, which is saved in {self.checkpoints.place}; "
            f"the same command {goes_on}"
        )

    def _validate_if_due(self, step: int, interruption: Interruption) -> None:
        every, steps = self.config.train.validate_every, self.config.train.steps
        if not every or not 0 < step < steps or step % every:
            return
        with interruption.breaking():
            if self.selection is None:
                self.validate(step)
            elif self.selection.found.validated < step:
                self._select(step)

    def _select(self, step: int) -> None:
        """Validates a step, and keeps its weights if there were no better ones."""
        assert self.selection is not None
        with averaged_weights(self.model, self.optimizer):
            self.selection.take(step, self._validate(step), self.model)

    def finish(self, step: int) -> dict[str, float]:
        """Writes the weights for people: those of the last step, or of the best one where there is a selection.

        Args:
            step: the last step.

        Returns:
            What the validation found of these weights, as `validation_<name>`, the number of `steps` that were taken,
            and the `best_step`, where there is a selection.

        Raises:
            InputError: something is not finite any more, or the best weights are gone.
            Interrupted: Ctrl-C.
        """
        try:
            numbers = self._finish(step)
        except KeyboardInterrupt:
            raise Interrupted(
                f"interrupted after the last step, {step}, which is saved in {self.checkpoints.place}; the same "
                "command validates and exports it"
            ) from None
        return {**numbers, "steps": step}

    def _finish(self, step: int) -> dict[str, float]:
        # The validation finds what is wrong with the weights before they are written for people.
        if self.selection is None:
            validated = self.validate(step)
            with averaged_weights(self.model, self.optimizer):
                self.checkpoints.export_weights()
            return validated
        if self.selection.found.validated < step:
            self._select(step)
            if step:
                # A run that goes on to more steps knows this validation too.
                self._save(step)
        self.selection.put_best(self.model)
        self.checkpoints.export_weights()
        print(self.selection.end(step, self.config.train.steps))
        return {**self.selection.found.numbers, "best_step": self.selection.found.best_step}

    def validate(self, step: int) -> dict[str, float]:
        """The measures of `launch.evaluate` on one central view of every test sample: quick, and always the same views.

        Args:
            step: the number of steps that the weights have been trained for.

        Returns:
            The headlines of every measure, as `validation_<name>`.
        """
        with averaged_weights(self.model, self.optimizer):
            return self._validate(step)

    def _validate(self, step: int) -> dict[str, float]:
        test = self.config.eval
        quick = EvalConfig(measures=test.measures, flow_size=test.flow_size, batch_size=test.batch_size)
        config = dataclasses.replace(self.config, eval=quick)
        source = dataclasses.replace(self.validation, config=config)
        shown, taken = _first_samples(source, ("clip", input_of(self.model)))
        outputs = self.model(taken, training=False)
        self.finite.require_answers(step, outputs)
        result = {}
        for measure in self.measures:
            numbers = measure.measure(self.model, source, config).numbers
            result |= {RESULT + name: numbers[name] for name in measure.HEADLINES}
        self.monitor.validation(step, result)
        self.monitor.pictures(step, shown, outputs)
        return result


def _first_samples(source: Source, fields: tuple[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """Two fields of the samples that are pictured; where pairs differ in size, only of those of the first one's."""
    samples: list[tuple[np.ndarray, np.ndarray]] = []
    for batch in source.clips():
        first, second = (batch[field].numpy() for field in fields)
        samples += [pair for pair in zip(first, second, strict=True) if not samples or _same_shape(pair, samples[0])]
        if len(samples) >= PICTURED_CLIPS:
            break
    shown, taken = zip(*samples[:PICTURED_CLIPS], strict=True)
    return np.stack(shown), np.stack(taken)


def _same_shape(sample: tuple[np.ndarray, ...], other: tuple[np.ndarray, ...]) -> bool:
    return sample[0].shape == other[0].shape


def _whole_batch(iterator: Iterator[Fields], strategy: tf.distribute.Strategy) -> Fields | list[Fields]:
    """The next batch, or all pieces of it where it comes in several."""
    first = next(iterator)
    if "pieces" not in first:
        return first
    # Every replica has the same number of pieces.
    count = int(strategy.experimental_local_results(first["pieces"])[0])
    return first if count == 1 else [first, *(next(iterator) for _ in range(count - 1))]


def _numbers(tensors: Fields) -> dict[str, float]:
    return {name: float(value) for name, value in tensors.items()}
