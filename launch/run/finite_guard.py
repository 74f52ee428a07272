"""Stops a training whose loss or weights are no numbers any more, with its likely cause."""

import math
from collections.abc import Iterable

import keras
import tensorflow as tf

from launch.run.config import Config
from tvnet_keras.choices import first_few
from tvnet_keras.errors import InputError


class FiniteGuard:
    """Keeps what the steps tell until somebody looks: looking at every step would make the device wait.

    Args:
        config: for the sentence.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.watched: list[tuple[int, dict[str, tf.Tensor]]] = []

    def watch(self, step: int, told: dict[str, tf.Tensor]) -> None:
        """Keeps what `step` told until `require` looks at it."""
        self.watched.append((step, told))

    def require(self) -> None:
        """Looks at every step since the last time.

        Raises:
            InputError: something that one of them told is not finite.
        """
        watched, self.watched = self.watched, []
        for step, told in watched:
            bad = [name for name, value in told.items() if not math.isfinite(value)]
            if bad:
                raise InputError(
                    f"Training stopped at step {step} because {', '.join(bad)} became not finite; {self._cause(bad)}, "
                    "and start in another --output_dir."
                )

    def require_state(self, step: int, variables: Iterable[keras.Variable]) -> None:
        """Looks at what `step` has left behind: its loss is that of before its update.

        Args:
            step: whose update was the last.
            variables: weights, trained or not, and what the optimizer remembers.

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
        """Looks at what the network answers: with weights that are finite, but absurd, that may not be.

        Args:
            step: whose weights the network has.
            outputs: of the network, for any clips.

        Raises:
            InputError: one of them is not finite.
        """
        bad = [name for name, value in outputs.items() if not tf.reduce_all(tf.math.is_finite(value))]
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
