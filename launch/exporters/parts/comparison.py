"""Whether an export answers as its Keras model does.

There are two comparisons. The one that decides is with Keras on the operations that are exported: a difference there is
a mistake of the converter, the file or the runtime. The other is recorded: with Keras as it evaluates on this machine,
where TV-L1 runs in native kernels that round otherwise. Where a picture has no texture, rounding decides the flow of a
pixel, and the two differ by some 1e-4 pixels.
"""

from typing import Any

import numpy as np

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
        module: the Keras model.
        clip: what both are asked about.
        tolerance: largest difference of any value: of probabilities, or of flow in pixels.

    Returns:
        The record with the client and, for every answer, the shape of what was asked, the largest difference, and the
        largest and the mean difference from Keras as it evaluates.

    Raises:
        InputError: a difference is larger, or an answer is not a number.
    """
    answers = {}
    for output, about in record["answers"].items():
        taken = clip.shown(module, about["input"]["shape"])
        answer = client.ask(output, taken)
        difference = float(np.max(np.abs(answer - module.exact(output, taken))))
        if not difference <= tolerance:
            raise InputError(
                f"--format={name}: the {output} of {client.name} and of Keras differ by {difference:.2g}"
                f"{UNITS.get(output, '')} on {clip.name}, more than --tolerance={tolerance:g}; nothing was exported."
            )
        apart = np.abs(answer - module.evaluated(output, taken))
        answers[output] = {
            **about,
            "compared": list(taken.shape),
            "difference": difference,
            "from_evaluation": {"largest": float(np.max(apart)), "mean": float(np.mean(apart))},
        }
    return {**record, "client": client.name, "answers": answers}
