"""What a model answers, without asking it."""

import keras

TRIED = (64, 64)
"""Height and width that a model of any size is tried with, pixels."""


def output_names(model: keras.Model) -> tuple[str, ...]:
    """Names of a model's outputs, in alphabetical order.

    Args:
        model: clips of its `clip_shape` to a dictionary of outputs, as `models` describes.
    """
    frames, *size, channels = model.clip_shape
    size = [side or tried for side, tried in zip(size, TRIED, strict=True)]
    return tuple(sorted(model.compute_output_spec(keras.KerasTensor((1, frames, *size, channels), dtype="uint8"))))
