"""Putting the weights of Hidden Two-Stream's Caffe networks, renamed, into a model."""

import keras
import numpy as np

from launch.weights.by_name import match, weight_names
from launch.weights.caffe.names import MOTION_NET
from launch.weights.whole import apply_whole
from models import classifier_of

OPTIONS = "--method and --config.model (backbone, flow_fields, the width of MotionNet, small_displacement, between)"
"""What decides which weights a model has, in words."""


def transfer(values: dict[str, np.ndarray], model: keras.Model, source: str) -> tuple[int, int]:
    """Puts every value into the weight of its name; every weight of the model gets one.

    A model without an image network takes the MotionNet of a file that has both.

    Args:
        values: weights by the names that they have here.
        model: the model, with its weights.
        source: the file's name, for errors.

    Returns:
        The number of the model's weights that were set, and 0, of those that were left alone.

    Raises:
        InputError: the file and the model do not have the same weights; the model is unchanged.
    """
    if classifier_of(model) is None:
        values = {name: value for name, value in values.items() if name.startswith(f"{MOTION_NET}/")}
    return apply_whole(match(model, values), set(weight_names(model)), source, OPTIONS)
