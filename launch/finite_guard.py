"""Stops a training whose loss is no number any more, with its likely cause."""

import math

import tensorflow as tf

from launch.config import Config
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
