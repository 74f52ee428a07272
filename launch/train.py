"""Trains a network: videos or image pairs in, a run folder out.

    python -m launch.train --method=tvnet --experiment=moving_shapes --output_dir=runs/tvnet
    python -m launch.train --method=rgb --experiment=ucf101 --config.data.root=UCF-101 --config.train.steps=1000
    python -m launch.train --method=tvnet_flow --experiment=middlebury --config.data.root=middlebury

The same command goes on where a killed one stopped.
"""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import keras
import numpy as np
import tensorflow as tf
from absl import flags

import launch.experiments
import launch.run.strategy
import models
from launch import evaluators
from launch.run import app, config_flags, run_folder, run_lists
from launch.run.checkpoints import Checkpoints
from launch.run.config import Config, EvalConfig, method_module
from launch.run.data import Source, list_source, warn_of_lists
from launch.run.finite_guard import FiniteGuard
from launch.run.model import build_model
from launch.run.model_outputs import output_names
from launch.run.monitor import PICTURED_CLIPS, Monitor
from launch.run.optimization import averaged_weights, make_optimizer
from launch.run.profiling import Profiler
from launch.run.strategy import make_strategy
from launch.run.train_step import TrainStep
from launch.weights.init_from import initialise, with_scaling_of_weights
from models import needs_of
from tvnet_keras.atomic import no_room
from tvnet_keras.choices import listed, load_module
from tvnet_keras.errors import InputError
from tvnet_keras.one_writer import only_writer
from tvnet_keras.video.pipeline import video_errors

METHOD = flags.DEFINE_string("method", "tvnet", f"The network: a module of models/ ({listed(models)}).")
EXPERIMENT = flags.DEFINE_string(
    "experiment", "moving_shapes", f"The experiment: a module of launch/experiments/ ({listed(launch.experiments)})."
)
OUTPUT_DIR = flags.DEFINE_string(
    "output_dir", "", "The run's folder (default: runs/<experiment>-<method>).", **app.SHARED_FLAG
)
SKIP_UNREADABLE = flags.DEFINE_bool(
    "skip_unreadable", False, "Go on without videos that cannot be read, naming them.", **app.SHARED_FLAG
)
flags.adopt_module_key_flags(launch.run.strategy)
PROFILE = flags.DEFINE_bool("profile", False, "Write a TensorBoard profile of steps 5 to 10 and the step's graph.")


def experiment_config() -> Config:
    """The configuration of `--experiment` for `--method`, before overrides."""
    return load_module(launch.experiments, "--experiment", EXPERIMENT.value).config(METHOD.value)


def main() -> None:
    """Reads the flags and trains."""
    config = config_flags.parsed_config()
    folder = Path(OUTPUT_DIR.value or f"runs/{config.experiment}-{config.method}")
    results = train(config, folder, make_strategy(), skip_unreadable=SKIP_UNREADABLE.value, profile=PROFILE.value)
    print(f"{folder}: " + ", ".join(f"{name} {value:.4g}" for name, value in results.items()))


def train(
    config: Config,
    folder: Path,
    strategy: tf.distribute.Strategy | None = None,
    *,
    skip_unreadable: bool = False,
    profile: bool = False,
) -> dict[str, float]:
    """Trains `config` in `folder`, or finishes a run that was begun there.

    Lists come first, then the model and the weights that it starts from, then the check of every video: a mistake in a
    flag is told before anything long begins.

    Args:
        config: the checked configuration; the run is of it, its frames scaled as the ImageNet weights expect that it
            may start from.
        folder: the run's folder; made if absent.
        strategy: default the current one.
        skip_unreadable: drop broken videos instead of stopping.
        profile: write a profile for TensorBoard.

    Returns:
        The results that stand in `run.json`.

    Raises:
        InputError: bad data, a folder of another run or of other lists, one that another process trains in, a full
            disk, or a loss or weights that are not finite.
    """
    strategy = strategy or tf.distribute.get_strategy()
    config = with_scaling_of_weights(config)
    _check_divisible(config, strategy)
    with only_writer(folder), _room_in(folder):
        return _train(config, folder, strategy, skip_unreadable, profile)


@contextmanager
def _room_in(folder: Path) -> Iterator[None]:
    """Says in a sentence that there is no room for checkpoints and logs, for which TensorFlow needs many lines."""
    try:
        yield
    except Exception as error:
        reason = no_room(error)
        if isinstance(error, InputError) or not reason:
            raise
        raise InputError(
            f"--output_dir={folder} cannot be written ({reason}): free some room, then the same command goes on from "
            "its last checkpoint."
        ) from error


def _train(
    config: Config, folder: Path, strategy: tf.distribute.Strategy, skip_unreadable: bool, profile: bool
) -> dict[str, float]:
    run = run_folder.claim(folder, config)
    keras.utils.set_random_seed(config.seed)
    method = method_module(config.method)
    needs = needs_of(method, config.model)
    training, validation = (list_source(config, subset, needs) for subset in ("train", "test"))
    training.require_trainable(needs, strategy)
    warn_of_lists(training, validation)
    _keep_lists(folder, run, training, validation)
    rates = method.learning_rates(config.model)
    with strategy.scope():
        model = build_model(config, len(training.class_names))
        optimizer = make_optimizer(config.train, rates)
        optimizer.build(model.trainable_variables)
        checkpoints = Checkpoints(folder, model, optimizer)
        start = checkpoints.restore()
        # A run that goes on has its weights, whatever became of those that it started from.
        if config.init_from and not start:
            print(initialise(model, config))
    outputs = output_names(model, config.data)
    _check_segments(config, outputs)
    measures = evaluators.chosen(config, model, outputs, validation.offers)
    if start:
        print(f"going on from step {start}")
    training, validation = (source.scanned(skip_unreadable=skip_unreadable) for source in (training, validation))
    run_lists.keep(folder, run_lists.skipped(training, validation))
    # What either refuses is told before there are logs, so that it does not block the folder.
    batches, _ = training.training(needs, strategy, start), validation.clips()

    def objective(batch, outputs):
        return method.objective(config.model, batch, outputs)

    step = TrainStep(strategy, model, optimizer, objective, config.train, config.data.segments)
    monitor = Monitor(folder, config.train, optimizer, rates, start)
    session = _Session(config, model, optimizer, checkpoints, monitor, validation, measures)
    with video_errors():
        session.run(step, batches, start, profile)
        # What this finds wrong with the weights is found before anybody is given them.
        validated = session.validate(config.train.steps)
        with averaged_weights(model, optimizer):
            checkpoints.export_weights()
    return run_folder.add_results(folder, **validated)["results"]


def _keep_lists(folder: Path, run: dict, training: Source, validation: Source) -> None:
    """Writes down what the run learns from, or refuses to go on with something else."""
    lists = run_lists.listed(training, validation)
    if run_folder.has_begun(folder) and "class_names" in run:
        # Of a run that an earlier version began, only the classes are known.
        run_lists.require_same(folder, {"classes": run_lists.in_order(run["class_names"])}, lists)
    run_lists.keep(folder, lists)
    run_folder.write(folder, {**run, "class_names": list(training.class_names)})


class _Session:
    """The loop over steps, with its checkpoints and validations."""

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

    def run(self, step_function: TrainStep, batches, start: int, profile: bool) -> None:
        train = self.config.train
        iterator = iter(batches)
        profiler = Profiler(self.checkpoints.folder, self.monitor.writer, profile)
        for step in range(start + 1, train.steps + 1):
            profiler.before(step - start)
            told = step_function(_whole_batch(iterator, step_function.strategy))
            profiler.after(step - start)
            self.finite.watch(step, told)
            saves = step % train.checkpoint_every == 0 or step == train.steps
            # Fetching waits for the device, so it is done where somebody looks or something is kept.
            if saves or self.monitor.looks_at(step):
                metrics = {name: float(value) for name, value in told.items()}
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
        """The measures of `launch.evaluate` on one central view of every test sample: quick, always the same."""
        with averaged_weights(self.model, self.optimizer):
            return self._validate(step)

    def _validate(self, step: int) -> dict[str, float]:
        test = self.config.eval
        quick = EvalConfig(measures=test.measures, flow_size=test.flow_size, batch_size=test.batch_size)
        config = dataclasses.replace(self.config, eval=quick)
        source = dataclasses.replace(self.validation, config=config)
        clips = _first_clips(source)
        outputs = self.model(clips, training=False)
        self.finite.require_answers(step, outputs)
        result = {}
        for measure in self.measures:
            numbers = measure.measure(self.model, source, config).numbers
            result |= {f"validation_{name}": numbers[name] for name in measure.TITLE}
        self.monitor.validation(step, result)
        self.monitor.pictures(step, clips, outputs)
        return result


def _first_clips(source: Source) -> np.ndarray:
    """The clips that are pictured; pairs may differ in size, then those of the first one's."""
    clips: list[np.ndarray] = []
    for batch in source.clips():
        clips += [clip for clip in batch["clip"].numpy() if not clips or clip.shape == clips[0].shape]
        if len(clips) >= PICTURED_CLIPS:
            break
    return np.stack(clips[:PICTURED_CLIPS])


def _whole_batch(iterator, strategy: tf.distribute.Strategy) -> dict | list[dict]:
    """The next batch, or all pieces of it where it comes in several."""
    first = next(iterator)
    if "pieces" not in first:
        return first
    # Every replica has the same number.
    count = int(strategy.experimental_local_results(first["pieces"])[0])
    return first if count == 1 else [first, *(next(iterator) for _ in range(count - 1))]


def _check_divisible(config: Config, strategy: tf.distribute.Strategy) -> None:
    parts = strategy.num_replicas_in_sync * config.train.accumulate
    if config.train.batch_size % parts:
        raise InputError(
            f"--config.train.batch_size={config.train.batch_size} must be a multiple of {parts}, the "
            f"{strategy.num_replicas_in_sync} replicas times --config.train.accumulate={config.train.accumulate}."
        )


def _check_segments(config: Config, outputs: tuple[str, ...]) -> None:
    if config.data.segments > 1 and "logits" not in outputs:
        raise InputError(
            f"--config.data.segments={config.data.segments} averages the logits of several clips, but "
            f"--method={config.method} answers {' and '.join(outputs)}: set --config.data.segments=1."
        )


if __name__ == "__main__":
    app.run(main, parser=config_flags.parser(experiment_config))
