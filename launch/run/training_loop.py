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
from launch.run.monitor import PICTURED_CLIPS, Monitor
from launch.run.optimization import averaged_weights
from launch.run.profiling import Profiler
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
        validation: the test list.
        measures: modules of `launch.evaluators`, what is measured on it.
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
    ) -> None:
        self.config, self.model, self.optimizer = config, model, optimizer
        self.checkpoints, self.monitor = checkpoints, monitor
        self.validation, self.measures = validation, measures
        self.finite = FiniteGuard(config)

    def run(self, train_step: TrainStep, batches: Iterable[Fields], start: int, profile: bool) -> None:
        """Takes every step after `start`.

        Args:
            train_step: the update.
            batches: the training batches from step `start` on.
            start: the last step that is done already; 0 in a new run.
            profile: whether to write a profile for TensorBoard.

        Raises:
            InputError: something is not finite any more.
        """
        train = self.config.train
        iterator = iter(batches)
        profiler = Profiler(self.checkpoints.folder, self.monitor.writer, profile)
        for step in range(start + 1, train.steps + 1):
            profiler.before(step - start)
            tensors = train_step(_whole_batch(iterator, train_step.strategy))
            profiler.after(step - start)
            self.finite.watch(step, tensors)
            saves = step % train.checkpoint_every == 0 or step == train.steps
            # Fetching waits for the device, so it is done where somebody looks or something is kept.
            if saves or self.monitor.looks_at(step):
                metrics = {name: float(value) for name, value in tensors.items()}
                self.finite.require()
                self.monitor.step(step, metrics)
            if saves:
                self.finite.require_state(step, (*self.model.variables, *self.optimizer.variables))
                if step == train.steps:
                    # First, as a run that is killed after its last checkpoint does not come here again.
                    folder, first_step_s = self.checkpoints.folder, self.monitor.first_step_s
                    run_folder.add_results(folder, **metrics, first_step_s=first_step_s)
                self.checkpoints.save(step)
            if train.validate_every and step % train.validate_every == 0 and step < train.steps:
                self.validate(step)
        profiler.close()

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
            result |= {f"validation_{name}": numbers[name] for name in measure.HEADLINES}
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
