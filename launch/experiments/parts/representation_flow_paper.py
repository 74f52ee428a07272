"""How Representation Flow's paper trains: what its experiments on all data sets share."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from launch.run.config import Config, new_config

FINAL_OPTIONS = {"depth": 50, "iterations": 20}
"""Options of the final networks (Table 9); those of the studies (Tables 1 to 7) differ in depth and iterations."""

STUDY_VIEWS = {"frames": 16, "height": 112, "width": 112, "resize_short": 128}
"""Fields of `config.data` with which the networks of the studies see a video."""

FINAL_VIEWS = {"frames": 32, "height": 224, "width": 224, "resize_short": 256}
"""Fields of `config.data` with which the final networks see a video."""

AVERAGE_MOMENTUM = 0.999
"""Momentum of the running average of weights that the final networks are tested with; the paper does not give it."""


@dataclasses.dataclass(frozen=True)
class Schedule:
    """The length of a training and its falls of the learning rate, in passes over the training videos.

    Attributes:
        videos: number of training videos that a pass is reckoned by; the list at hand may hold more or fewer.
        epochs: length of the training.
        epochs_per_rate: passes after which the learning rate falls, again and again until the end.
    """

    videos: int
    epochs: int = 200
    epochs_per_rate: int = 50

    def fields(self, batch_size: int = 32) -> dict[str, Any]:
        """The fields of `config.train` for a size of the batch, of which the number of steps follows.

        Args:
            batch_size: clips of a step.
        """
        per_epoch = self.videos // batch_size
        falls = range(self.epochs_per_rate, self.epochs, self.epochs_per_rate)
        return {
            "batch_size": batch_size,
            "steps": self.epochs * per_epoch,
            "lr_steps": tuple(epoch * per_epoch for epoch in falls),
            "validate_every": 5 * per_epoch,
        }


HMDB51 = Schedule(3570, epochs=50, epochs_per_rate=20)
"""HMDB51 has as many training videos in each of its three splits. The paper gives this schedule for its fine-tuning."""

HMDB51_RATE = 0.005


def paper_config(
    method: str,
    experiment: str,
    schedule: Schedule,
    *,
    options: Mapping[str, Mapping[str, Any]],
    data: Mapping[str, Any],
    rate: float = 0.1,
    average_momentum: float = 0.0,
) -> Config:
    """SGD with momentum on batches of 32 clips; the learning rate falls to a tenth at equal distances.

    Args:
        method: `--method`.
        experiment: `--experiment`.
        schedule: length and falls of the training.
        options: options to set, by the method that they belong to; any other method keeps its defaults.
        data: fields of `config.data`.
        rate: learning rate at the beginning.
        average_momentum: momentum of the running average of weights; 0 keeps none.
    """
    return new_config(
        method,
        experiment,
        model=options.get(method, {}),
        data=data,
        train={
            "optimizer": "sgd",
            "lr": rate,
            "weight_decay": 1e-6,
            "schedule": "steps",
            # The paper speaks of none.
            "clip_norm": 0.0,
            "ema": average_momentum,
            "checkpoint_every": 500,
            **schedule.fields(),
        },
        eval={"clips": 25, "crops": 1},
    )
