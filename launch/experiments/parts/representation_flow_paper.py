"""How Representation Flow's paper trains: what its experiments on all data sets share."""

from collections.abc import Mapping
from typing import Any

from launch.run.config import Config, new_config

FINAL_OPTIONS = {"depth": 50, "iterations": 20}
"""Options of the final networks (Table 9); those of the studies (Tables 1 to 7) differ in depth and iterations."""

FINAL_VIEWS = {"frames": 32, "height": 224, "width": 224, "resize_short": 256}
"""Fields of `config.data` with which the final networks see a video."""

AVERAGE_MOMENTUM = 0.999
"""Momentum of the running average of weights that the final networks are tested with; the paper does not give it."""


def paper_config(
    method: str,
    experiment: str,
    *,
    options: Mapping[str, Mapping[str, Any]],
    data: Mapping[str, Any],
    steps_per_epoch: int,
    epochs: int = 200,
    epochs_per_rate: int = 50,
    rate: float = 0.1,
    average_momentum: float = 0.0,
) -> Config:
    """SGD with momentum on batches of 32 clips; the learning rate falls to a tenth at equal distances.

    Args:
        method: `--method`.
        experiment: `--experiment`.
        options: options to set, by the method that they belong to; any other method keeps its defaults.
        data: fields of `config.data`.
        steps_per_epoch: number of batches in one pass over the training videos.
        epochs: length of the training, in passes.
        epochs_per_rate: number of passes after which the learning rate falls, again and again until the end.
        rate: learning rate at the beginning.
        average_momentum: momentum of the running average of weights; 0 keeps none.
    """
    falls = range(epochs_per_rate, epochs, epochs_per_rate)
    return new_config(
        method,
        experiment,
        model=options.get(method, {}),
        data=data,
        train={
            "steps": epochs * steps_per_epoch,
            "batch_size": 32,
            "optimizer": "sgd",
            "lr": rate,
            "weight_decay": 1e-6,
            "schedule": "steps",
            "lr_steps": tuple(epoch * steps_per_epoch for epoch in falls),
            "ema": average_momentum,
            "validate_every": 5 * steps_per_epoch,
            "checkpoint_every": 500,
        },
        eval={"clips": 25, "crops": 1},
    )
