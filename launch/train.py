"""Trains a network: video files in, a run folder out.

    python -m launch.train --method=tvnet --experiment=moving_shapes --output_dir=runs/tvnet
    python -m launch.train --method=rgb --experiment=ucf101 --config.data.root=UCF-101 --config.train.steps=1000

The same command goes on where a killed one stopped.
"""

import math
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from absl import flags

import launch.experiments
import launch.strategy
from launch import app, config_flags, run_folder
from launch.checkpoints import Checkpoints
from launch.config import Config, method_module
from launch.data import Source, open_source, test_views, training_data
from launch.inference import score_videos
from launch.init_from import build_model, initialise
from launch.monitor import PICTURED_CLIPS, Monitor
from launch.optimization import averaged_weights, make_optimizer
from launch.profiling import Profiler
from launch.strategy import make_strategy
from launch.train_step import TrainStep
from tvnet_keras.choices import load_module
from tvnet_keras.errors import InputError
from tvnet_keras.video.pipeline import video_errors

METHOD = flags.DEFINE_string("method", "tvnet", "The network: a module of models/.")
EXPERIMENT = flags.DEFINE_string("experiment", "moving_shapes", "The experiment: a module of launch/experiments/.")
OUTPUT_DIR = flags.DEFINE_string(
    "output_dir", "", "The run's folder (default: runs/<experiment>-<method>).", **app.SHARED_FLAG
)
SKIP_UNREADABLE = flags.DEFINE_bool(
    "skip_unreadable", False, "Go on without videos that cannot be read, naming them.", **app.SHARED_FLAG
)
flags.adopt_module_key_flags(launch.strategy)
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

    Args:
        config: the checked configuration.
        folder: the run's folder; made if absent.
        strategy: default the current one.
        skip_unreadable: drop broken videos instead of stopping.
        profile: write a profile for TensorBoard.

    Returns:
        The results that stand in `run.json`.

    Raises:
        InputError: bad data, a folder of another run, or a loss that is not finite.
    """
    strategy = strategy or tf.distribute.get_strategy()
    _check_divisible(config, strategy)
    run = run_folder.claim(folder, config)
    keras.utils.set_random_seed(config.seed)
    memory = folder / "frame_counts.json"
    training = open_source(config, "train", skip_unreadable=skip_unreadable, memory=memory)
    validation = open_source(config, "test", skip_unreadable=skip_unreadable, memory=memory)
    run["class_names"] = list(training.videos.class_names)
    run_folder.write(folder, run)

    method = method_module(config.method)
    rates = method.learning_rates(config.model)
    with strategy.scope():
        model = build_model(config, len(training.videos.class_names))
        if config.init_from:
            print(initialise(model, config))
        optimizer = make_optimizer(config.train, rates)
        optimizer.build(model.trainable_variables)
        checkpoints = Checkpoints(folder, model, optimizer)
    start = checkpoints.restore()
    if start:
        print(f"going on from step {start}")

    def objective(clip, label, outputs):
        return method.objective(config.model, clip, label, outputs)

    step = TrainStep(strategy, model, optimizer, objective, config.train, config.data.segments)
    monitor = Monitor(folder, config.train, optimizer, rates, start)
    session = _Session(config, model, optimizer, checkpoints, monitor, validation)
    with video_errors():
        metrics = session.run(step, training_data(training, config, strategy, start), start, profile)
    with averaged_weights(model, optimizer):
        checkpoints.export_weights()
    results = {**metrics, "first_step_s": monitor.first_step_s} if start < config.train.steps else {}
    return run_folder.add_results(folder, **results, **session.validate(config.train.steps))["results"]


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
    ) -> None:
        self.config, self.model, self.optimizer = config, model, optimizer
        self.checkpoints, self.monitor, self.validation = checkpoints, monitor, validation

    def run(self, step_function: TrainStep, batches, start: int, profile: bool) -> dict[str, float]:
        train = self.config.train
        metrics: dict[str, float] = {}
        iterator = iter(batches)
        profiler = Profiler(self.checkpoints.folder, self.monitor.writer, profile)
        for step in range(start + 1, train.steps + 1):
            profiler.before(step - start)
            metrics = {name: float(value) for name, value in step_function(next(iterator)).items()}
            profiler.after(step - start)
            _require_finite(step, metrics, self.config)
            self.monitor.step(step, metrics)
            if step % train.checkpoint_every == 0 or step == train.steps:
                self.checkpoints.save(step)
            if train.validate_every and step % train.validate_every == 0 and step < train.steps:
                self.validate(step)
        profiler.close()
        return metrics

    def validate(self, step: int) -> dict[str, float]:
        """One central clip of every test video: quick, and the same at every step."""
        with averaged_weights(self.model, self.optimizer):
            return self._validate(step)

    def _validate(self, step: int) -> dict[str, float]:
        videos = self.validation.videos
        views = test_views(self.validation, self.config, clips=1, crops=1, sampling="even")
        logits = score_videos(self.model, views, videos)
        labels = np.array([video.label for video in videos.videos])
        result = {"validation_top1": float((logits.argmax(axis=1) == labels).mean())}
        self.monitor.validation(step, result)
        clips = next(iter(views.unbatch().batch(PICTURED_CLIPS)))["clip"]
        flow = self.model(clips, training=False).get("flow")
        self.monitor.pictures(step, clips.numpy(), None if flow is None else flow.numpy())
        return result


def _check_divisible(config: Config, strategy: tf.distribute.Strategy) -> None:
    parts = strategy.num_replicas_in_sync * config.train.accumulate
    if config.train.batch_size % parts:
        raise InputError(
            f"--config.train.batch_size={config.train.batch_size} must be a multiple of {parts}, the "
            f"{strategy.num_replicas_in_sync} replicas times --config.train.accumulate={config.train.accumulate}."
        )


def _require_finite(step: int, metrics: dict[str, float], config: Config) -> None:
    bad = [name for name, value in metrics.items() if not math.isfinite(value)]
    if not bad:
        return
    if bad == ["gradient_norm"]:
        cause = "the gradient overflowed: lower --config.train.lr or set --config.train.clip_norm=1"
    elif config.train.warmup == 0:
        cause = "the learning rate is likely too high for the first steps: lower --config.train.lr or set a "
        cause += "--config.train.warmup"
    else:
        cause = "the learning rate is likely too high: lower --config.train.lr or --config.train.clip_norm"
    values = ", ".join(bad)
    raise InputError(
        f"Training stopped at step {step} because {values} became not finite; {cause}, and start in another "
        "--output_dir."
    )


if __name__ == "__main__":
    app.run(main, parser=config_flags.parser(experiment_config))
