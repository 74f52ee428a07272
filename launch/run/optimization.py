"""The optimizer and learning-rate schedule of a `TrainConfig`."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from launch.run.config import TrainConfig
from tvnet_keras.optimizers.grouped import GroupedAdam, GroupedSGD
from tvnet_keras.typing import Dimension, Tensor


def make_optimizer(
    train: TrainConfig, rates: dict[str, float], network_rates: dict[str, float] | None = None
) -> keras.optimizers.Optimizer:
    """An optimizer with a learning rate per group.

    Args:
        train: the `train` section of a configuration.
        rates: `{pattern of a weight's path: multiplier}` of a solver's weights, which do not decay.
        network_rates: the same of weights that decay as all others do.
    """
    arguments = {"learning_rate": make_schedule(train), "weight_decay": train.weight_decay or None}
    arguments["rates"] = {**rates, **(network_rates or {})}
    # The training step sums gradients over replicas before it clips them.
    arguments["summed"] = True
    if train.ema:
        arguments |= {"use_ema": True, "ema_momentum": train.ema}
    if train.optimizer == "sgd":
        optimizer = GroupedSGD(momentum=train.momentum, **arguments)
    else:
        optimizer = GroupedAdam(**arguments)
    # Decay would pull a solver's kernels to zero, away from the operators that they start as, and its constants too,
    # which are physical. Representation Flow's released code decays all weights alike, by 1e-6, as PyTorch's optimizers
    # do unless told otherwise; the paper does not ask for it.
    optimizer.exclude_from_weight_decay(var_names=[*rates, "gamma", "beta", "bias"])
    return optimizer


@contextmanager
def averaged_weights(model: keras.Model, optimizer: keras.optimizers.Optimizer) -> Iterator[None]:
    """A context in which the model has the running average of its trainable weights, where the optimizer keeps one.

    Training goes on from the weights themselves, which are put back. The moving statistics of batch norm stay: they are
    averages anyway.
    """
    if not optimizer.use_ema or not int(keras.ops.convert_to_numpy(optimizer.iterations)):
        yield
        return
    weights = model.trainable_variables
    trained = [keras.ops.convert_to_numpy(weight) for weight in weights]
    optimizer.finalize_variable_values(weights)
    try:
        yield
    finally:
        for weight, value in zip(weights, trained, strict=True):
            weight.assign(value)


def make_schedule(train: TrainConfig) -> keras.optimizers.schedules.LearningRateSchedule:
    """The learning rate: constant, falling by a factor at steps, or a cosine to zero; each after a linear warm-up."""
    after = max(train.steps - train.warmup, 1)
    if train.schedule == "cosine":
        schedule = keras.optimizers.schedules.CosineDecay(train.lr, after)
    elif train.schedule == "steps":
        boundaries = [step - train.warmup for step in train.lr_steps]
        values = [train.lr * train.lr_factor**k for k in range(len(boundaries) + 1)]
        schedule = keras.optimizers.schedules.PiecewiseConstantDecay(boundaries, values)
    else:
        schedule = keras.optimizers.schedules.PiecewiseConstantDecay([after], [train.lr, train.lr])
    return WarmUp(schedule, train.warmup)


@keras.saving.register_keras_serializable(package="launch")
class WarmUp(keras.optimizers.schedules.LearningRateSchedule):
    """Scales a schedule's first value up linearly over `steps`, then follows the schedule.

    `keras.optimizers.schedules.CosineDecay(warmup_target=...)` is not the same: its first update has the rate 0, and
    other schedules have no warm-up.

    Args:
        schedule: the schedule after the warm-up.
        steps: number of updates over which the rate rises.
    """

    def __init__(self, schedule: keras.optimizers.schedules.LearningRateSchedule, steps: int) -> None:
        self.schedule, self.steps = schedule, int(steps)

    def __call__(self, step: Dimension) -> Tensor:
        """The learning rate of update number `step`."""
        number = keras.ops.cast(step, "float32")
        factor = keras.ops.minimum(1.0, (number + 1.0) / max(self.steps, 1))
        return factor * self.schedule(keras.ops.maximum(number - self.steps, 0.0))

    def get_config(self) -> dict:
        """The constructor's arguments."""
        return {"schedule": keras.saving.serialize_keras_object(self.schedule), "steps": self.steps}

    @classmethod
    def from_config(cls, config: dict) -> "WarmUp":
        """The inverse of `get_config`."""
        return cls(keras.saving.deserialize_keras_object(config["schedule"]), config["steps"])
