"""What a model answers, without asking it."""

import keras

from launch.run.config import DataConfig

TRIED = (64, 64)
"""Height and width that a model of any size is tried with, pixels."""


def output_names(model: keras.Model, data: DataConfig) -> tuple[str, ...]:
    """Names of a model's outputs, in alphabetical order.

    Args:
        model: clips to a dictionary of outputs, as `models` describes.
        data: of the configuration that it was built from.
    """
    size = (data.height or TRIED[0], data.width or TRIED[1])
    return tuple(sorted(model.compute_output_spec(keras.KerasTensor((1, data.frames, *size, 3), dtype="uint8"))))
