"""Stops a training whose loss or weights are not finite any more, and names the likely cause."""

import math
from collections.abc import Iterable

import keras
import tensorflow as tf

from launch.run.config import Config
from tvnet_keras.choices import first_few
from tvnet_keras.errors import InputError


class FiniteGuard:
    """Keeps the metrics of the steps until somebody looks at them: looking at every step would make the device wait.

    Args:
        config: the run's configuration, for the settings that a sentence names.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.watched: list[tuple[int, dict[str, tf.Tensor]]] = []

    def watch(self, step: int, metrics: dict[str, tf.Tensor]) -> None:
        """Keeps the metrics of a step until `require` looks at them."""
        self.watched.append((step, metrics))

    def require(self) -> None:
        """Looks at every step since the last time.

        Raises:
            InputError: a metric of one of them is not finite.
        """
        watched, self.watched = self.watched, []
        for step, metrics in watched:
            bad = [name for name, value in metrics.items() if not math.isfinite(value)]
            if bad:
                raise InputError(
                    f"Training stopped at step {step} because {', '.join(bad)} became not finite; {self._cause(bad)}, "
                    "and start in another --output_dir."
                )

    def require_state(self, step: int, variables: Iterable[keras.Variable]) -> None:
        """Looks at the state that a step has left: the metrics of the step are those of before its update.

        Args:
            step: the number of the last update.
            variables: the weights, trained or not, and the variables of the optimizer.

        Raises:
            InputError: one of them is not finite.
        """
        real = [variable for variable in variables if keras.backend.is_float_dtype(variable.dtype)]
        bad = [v.path for v in real if not tf.reduce_all(tf.math.is_finite(tf.convert_to_tensor(v)))]
        if bad:
            raise InputError(
                f"Training stopped at step {step} because its update made {first_few(bad)} not finite; "
                f"{self._cause(bad)}, and start in another --output_dir."
            )

    def require_answers(self, step: int, outputs: dict) -> None:
        """Looks at the outputs of the network: with weights that are finite but absurd, they may not be finite.

        Args:
            step: the number of the last update.
            outputs: the network's outputs for any clips.

        Raises:
            InputError: one of them is not finite.
        """
        finite = {
            name: [tf.reduce_all(tf.math.is_finite(part)) for part in tf.nest.flatten(outputs[name])]
            for name in outputs
        }
        bad = [name for name, parts in finite.items() if not all(parts)]
        if bad:
            raise InputError(
                f"Training stopped at step {step} because its update made the network's {first_few(bad)} of test clips "
                f"not finite; {self._cause(bad)}, and start in another --output_dir."
            )

    def _cause(self, bad: list[str]) -> str:
        train = self.config.train
        if bad == ["gradient_norm"]:
            return "the gradient overflowed: lower --config.train.lr or set --config.train.clip_norm=1"
        if train.warmup == 0:
            return (
                "the learning rate is likely too high for the first steps: lower --config.train.lr or set a "
                "--config.train.warmup"
            )
        return "the learning rate is likely too high: lower --config.train.lr or --config.train.clip_norm"
