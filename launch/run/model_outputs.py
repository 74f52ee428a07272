"""The names of a model's outputs, without computing any."""

import keras

from launch.run.config import DataConfig
from models import input_of

TRIED = (64, 64)
"""Height and width, in pixels, that stand in for the size of a model's clips where it takes any."""


def output_names(model: keras.Model, data: DataConfig) -> tuple[str, ...]:
    """Names of a model's outputs, in alphabetical order.

    Args:
        model: a model with the outputs that `models` describes.
        data: the `data` section of the configuration that it was built from.
    """
    size = (data.height or TRIED[0], data.width or TRIED[1])
    if input_of(model) == "clip":
        taken = keras.KerasTensor((1, data.frames, *size, 3), dtype="uint8")
    else:
        taken = keras.KerasTensor((1, data.frames - 1, *size, 2), dtype="float32")
    return tuple(sorted(model.compute_output_spec(taken)))
