"""An exported model as a flow solver: any SavedModel with the signature `flow(clip) -> flow`."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from tvnet_keras.errors import InputError
from tvnet_keras.flow.solvers.parts.solver import Solver

FILE = "saved_model.pb"
SIGNATURE = "flow"


def is_export(name: str) -> bool:
    """Whether `name` is the folder of a SavedModel."""
    return (Path(name) / FILE).is_file()


def make(folder: str) -> Solver:
    """The solver of a SavedModel, whose `flow` signature makes flow `[B, T - 1, H, W, 2]` of clips `[B, T, H, W, 3]`.

    Raises:
        InputError: the SavedModel is damaged or has no such signature.
    """
    try:
        model = tf.saved_model.load(folder)
    except (OSError, ValueError, tf.errors.OpError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"The exported model in {folder} cannot be loaded ({reason}); export it again.") from error
    if SIGNATURE not in model.signatures:
        found = ", ".join(sorted(model.signatures)) or "none"
        raise InputError(
            f"The exported model in {folder} has no {SIGNATURE!r} signature (it has: {found}); "
            "export a method with a motion layer."
        )
    function = model.signatures[SIGNATURE]

    def solve(frames: np.ndarray) -> np.ndarray:
        return function(clip=tf.constant(frames[None]))["flow"].numpy()[0, 0]

    # A signature is a bare function: without its model the weights would be freed.
    solve.model = model
    return solve
