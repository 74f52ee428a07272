"""Whether an export answers as its Keras model does."""

from typing import Any

import numpy as np
import tensorflow as tf

from launch.exporters import Client
from launch.exporters.parts.real_clip import RealClip
from launch.exporters.parts.serving_module import ServingModule
from tvnet_keras.errors import InputError

UNITS = {"flow": " pixels"}
"""What follows a difference, by output."""


def compared(
    name: str, record: dict[str, Any], client: Client, module: ServingModule, clip: RealClip, tolerance: float
) -> dict[str, Any]:
    """Asks an export and its Keras model for every answer.

    Args:
        name: of the format.
        record: what the format says of what it wrote.
        client: what asks it.
        module: the Keras model, which is asked eagerly.
        clip: what both are asked about.
        tolerance: largest difference of any value: of probabilities, or of flow in pixels.

    Returns:
        The record with the client and, for every answer, the shape of what was asked and the largest difference.

    Raises:
        InputError: a difference is larger, or an answer is not a number.
    """
    answers = {}
    for output, about in record["answers"].items():
        taken = clip.shown(module, about["input"]["shape"])
        (expected,) = module.answers[module.by_output[output]](tf.constant(taken)).values()
        difference = float(np.max(np.abs(client.ask(output, taken) - expected.numpy())))
        if not difference <= tolerance:
            raise InputError(
                f"--format={name}: the {output} of {client.name} and of Keras differ by {difference:.2g}"
                f"{UNITS.get(output, '')} on {clip.name}, more than --tolerance={tolerance:g}; nothing was exported."
            )
        answers[output] = {**about, "compared": list(taken.shape), "difference": difference}
    return {**record, "client": client.name, "answers": answers}
