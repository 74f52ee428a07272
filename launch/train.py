"""Trains a network on videos or image pairs, in a folder that holds the whole run.

    python -m launch.train --method=tvnet --experiment=moving_shapes --output_dir=runs/tvnet
    python -m launch.train --method=rgb --experiment=ucf101 --config.data.root=UCF-101 --config.train.steps=1000
    python -m launch.train --method=tvnet_flow --experiment=middlebury --config.data.root=middlebury

The same command goes on where a killed process stopped.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras
import tensorflow as tf
from absl import flags

import launch.experiments
import launch.run.strategy
import models
from launch import evaluators
from launch.run import app, config_flags, extension, run_folder, run_lists
from launch.run.checkpoints import Checkpoints
from launch.run.config import Config, method_module
from launch.run.data import Source, list_source, print_validation, warn_of_lists
from launch.run.model import build_model, with_preset
from launch.run.model_outputs import output_names
from launch.run.monitor import Monitor
from launch.run.optimization import make_optimizer
from launch.run.selection import Selection, require_measured, require_selectable
from launch.run.strategy import make_strategy
from launch.run.train_step import TrainStep
from launch.run.training_loop import TrainingLoop
from launch.weights.init_from import initialise, with_scaling_of_weights
from models import needs_of, network_rates_of
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
    """Trains a network, or finishes a run that was begun in the folder.

    Lists are read first, then the model is made and given the weights that it starts from, then every video is
    checked: a mistake in a flag is told before anything long begins.

    Args:
        config: the checked configuration. If the run starts from ImageNet weights and the configuration leaves the
            range of frames open, it is the one that these weights expect. A preset sets the options that belong to it.
        folder: the run's folder; it is made if it is absent.
        strategy: the strategy by which replicas are spread; None takes the current one.
        skip_unreadable: whether to leave out broken videos, instead of stopping.
        profile: whether to write a profile for TensorBoard.

    Returns:
        The results that stand in `run.json`.

    Raises:
        InputError: the data is bad, the folder holds another run or one with other lists, another process trains in it,
            the disk is full, or the loss or the weights are not finite.
    """
    strategy = strategy or tf.distribute.get_strategy()
    config = with_preset(with_scaling_of_weights(config))
    _check_divisible(config, strategy)
    require_selectable(config)
    with only_writer(folder), _room_in(folder):
        return _train(config, folder, strategy, skip_unreadable, profile)


@contextmanager
def _room_in(folder: Path) -> Iterator[None]:
    """A context in which a full disk is told in a sentence; TensorFlow takes many lines for it."""
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
    print_validation(config, training, validation)
    _keep_lists(folder, run, training, validation)
    selection = Selection(folder, config) if config.train.keep_best else None
    rates = method.learning_rates(config.model)
    with strategy.scope():
        model = build_model(config, len(training.class_names))
        network_rates = network_rates_of(model)
        optimizer = make_optimizer(config.train, rates, network_rates)
        optimizer.build(model.trainable_variables)
        checkpoints = Checkpoints(folder, model, optimizer, **({"selection": selection.stored} if selection else {}))
        start = checkpoints.restore()
        # A run that goes on has its own weights, whatever became of those that it started from.
        if not start and (taken := initialise(model, config)):
            print(taken)
    outputs = output_names(model, config.data)
    _check_segments(config, outputs)
    measures = evaluators.choose_measures(config, model, outputs, validation.offers)
    require_measured(config, measures)
    if selection:
        selection.restored(start)
    if start:
        print(f"going on from step {start}")
        said = extension.sentence(run, config, start)
        if said:
            print(said)
    training, validation = (source.scanned(skip_unreadable=skip_unreadable) for source in (training, validation))
    run_lists.keep(folder, run_lists.skipped(training, validation))
    # What either of them refuses is told before there are logs, so that the folder stays free for another start.
    batches, _ = training.training(needs, strategy, start), validation.clips()

    def objective(batch, outputs):
        return method.objective(config.model, batch, outputs)

    step = TrainStep(strategy, model, optimizer, objective, config.train, config.data.segments)
    monitor = Monitor(folder, config.train, optimizer, {**rates, **network_rates}, start)
    monitor.configuration(config)
    loop = TrainingLoop(config, model, optimizer, checkpoints, monitor, validation, measures, selection)
    with video_errors():
        last = loop.run(step, batches, start, profile)
        finished = loop.finish(last)
    return run_folder.add_results(folder, **finished)["results"]


def _keep_lists(folder: Path, run: dict, training: Source, validation: Source) -> None:
    """Writes down the lists that the run learns from, or refuses to go on with others."""
    lists = run_lists.listed(training, validation)
    if run_folder.has_begun(folder) and "class_names" in run:
        # A run that an earlier version began has a list of its classes only.
        run_lists.require_same(folder, {"classes": run_lists.in_order(run["class_names"])}, lists)
    run_lists.keep(folder, lists)
    run_folder.write(folder, {**run, "class_names": list(training.class_names)})


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
