"""What is seen of a run while it trains: lines on the console, and TensorBoard."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams

from launch.run.config import Config, TrainConfig, to_dict
from launch.run.progress import clock
from launch.run.run_folder import LOGS_DIR
from tvnet_keras.flow.colour import flow_to_colour

PICTURED_CLIPS = 4
"""Number of validation clips whose flow is drawn, always the same ones."""

PICTURED_OUTPUTS = ("flow", "feature_flow")
"""Outputs of a model that are drawn."""

STRONGEST_PERCENTILE = 99
"""Percentile of the lengths in a picture of flow that has the strongest colours: by its longest vector, which is often
an outlier, all others would be pale."""


class Monitor:
    """Writes TensorBoard files and prints a line every `train.log_every` steps.

    Args:
        folder: the run's folder; logs go to `logs/` in it.
        train: the `train` section of the run's configuration.
        optimizer: the optimizer, whose learning rates are logged.
        rates: `{pattern: multiplier}`, the learning rates of the groups of weights.
        start_step: the last step before this process; 0 in a new run.
    """

    def __init__(
        self,
        folder: Path,
        train: TrainConfig,
        optimizer: keras.optimizers.Optimizer,
        rates: dict[str, float],
        start_step: int,
    ) -> None:
        self.writer = tf.summary.create_file_writer(str(folder / LOGS_DIR))
        self.train, self.optimizer, self.rates = train, optimizer, rates
        self.start_step, self.start = start_step, time.monotonic()
        self.first_step_s = 0.0

    def configuration(self, config: Config) -> None:
        """Shows the configuration as a text, and its fields as the run's hyper-parameters.

        Args:
            config: the run's configuration.
        """
        fields = dict(_fields(to_dict(config)))
        rows = "".join(f"| {name} | {f'`{value}`' if value != '' else ''} |\n" for name, value in fields.items())
        with self.writer.as_default(self.start_step):
            tf.summary.text("configuration", f"| field | value |\n|---|---|\n{rows}")
            hparams.hparams(fields)
        self.writer.flush()

    def looks_at(self, step: int) -> bool:
        """Whether `step` is shown: the first of this process, the last, and every `train.log_every`-th."""
        return step in (self.start_step + 1, self.train.steps) or step % self.train.log_every == 0

    def step(self, step: int, metrics: dict[str, float]) -> None:
        """Reports the update that led to `step`."""
        if step == self.start_step + 1:
            # Tracing and compiling happen here; the rate is measured from the second step on.
            self.first_step_s = time.monotonic() - self.start
            self.start = time.monotonic()
            print(f"first step (trace and compile): {self.first_step_s:.1f} s", flush=True)
        if step % self.train.log_every and step != self.train.steps:
            return
        self._write(step, metrics)
        self._print(step, metrics)

    def _write(self, step: int, metrics: dict[str, float]) -> None:
        rate = float(self.optimizer.learning_rate)
        with self.writer.as_default(step):
            for name, value in metrics.items():
                tf.summary.scalar(f"train/{name}", value)
            tf.summary.scalar("learning_rate/classifier", rate)
            for pattern, multiplier in self.rates.items():
                tf.summary.scalar(f"learning_rate/{group_name(pattern)}", rate * multiplier)
        self.writer.flush()

    def _print(self, step: int, metrics: dict[str, float]) -> None:
        steps_per_s = (step - self.start_step - 1) / max(time.monotonic() - self.start, 1e-9)
        terms = "  ".join(f"{name} {value:.3f}" for name, value in metrics.items())
        speed = ""
        if steps_per_s:
            left = clock((self.train.steps - step) / steps_per_s)
            speed = f"  {steps_per_s * self.train.batch_size:.1f} clips/s, {left} left"
        print(f"step {step}/{self.train.steps}  {terms}{speed}", flush=True)

    def validation(self, step: int, metrics: dict[str, float]) -> None:
        """Reports numbers of the validation videos."""
        with self.writer.as_default(step):
            for name, value in metrics.items():
                tf.summary.scalar(f"validation/{name}", value)
        self.writer.flush()
        print(f"step {step}  validation: " + "  ".join(f"{k} {v:.3f}" for k, v in metrics.items()), flush=True)

    def pictures(self, step: int, clips: np.ndarray, outputs: dict) -> None:
        """Draws the middle frame of some clips, and the middle field of their flow, each by its own longest vectors.

        Args:
            step: the step that the pictures belong to.
            clips: uint8 `[N, T, H, W, 3]`, shown to the model.
            outputs: the model's outputs; of these `flow` and `feature_flow`, `[N, T', H, W, 2]`, are drawn.
        """
        middle = (clips.shape[1] - 1) // 2
        with self.writer.as_default(step):
            tf.summary.image("frame", clips[:, middle], max_outputs=PICTURED_CLIPS)
            for name in PICTURED_OUTPUTS:
                if name in outputs:
                    flow = keras.ops.convert_to_numpy(outputs[name])
                    drawn = np.stack([_drawn(field) for field in flow[:, flow.shape[1] // 2]])
                    tf.summary.image(name, drawn, max_outputs=PICTURED_CLIPS)
        self.writer.flush()


def _drawn(flow: np.ndarray) -> np.ndarray:
    """The colours of a field `[H, W, 2]`, uint8 `[H, W, 3]`."""
    strongest = float(np.percentile(np.linalg.norm(flow, axis=-1), STRONGEST_PERCENTILE))
    return flow_to_colour(flow, strongest or None)


def _fields(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The fields of a configuration by their paths, such as `train.lr`; those of several values in one word."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _fields(value, f"{prefix}{name}.")
        else:
            yield prefix + name, ",".join(map(str, value)) if isinstance(value, list) else value


def group_name(pattern: str) -> str:
    """A readable name for a pattern such as `(^|/)tvnet/` or `(^|/)flow/(.*/)?(tau|theta)$`: `tvnet`, `flow`."""
    return pattern.removeprefix("(^|/)").split("/")[0]
