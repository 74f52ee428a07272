"""The names of a model's outputs, without computing any."""

import keras

from launch.run.config import DataConfig

TRIED = (64, 64)
"""Height and width, in pixels, that stand in for the size of a model's clips where it takes any."""


def output_names(model: keras.Model, data: DataConfig) -> tuple[str, ...]:
    """Names of a model's outputs, in alphabetical order.

    Args:
        model: a model with the outputs that `models` describes.
        data: the `data` section of the configuration that it was built from.
    """
    size = (data.height or TRIED[0], data.width or TRIED[1])
    return tuple(sorted(model.compute_output_spec(keras.KerasTensor((1, data.frames, *size, 3), dtype="uint8"))))
