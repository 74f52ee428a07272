"""ONNX, for ONNX Runtime and whatever else reads it: `probabilities.onnx` and `flow.onnx`.

Any sizes, unless `--batch`, `--frames` and `--size` fix them: some runtimes are faster, or only run, with fixed ones.
The input is `clip`, uint8 `[B, T, H, W, 3]`, as in the SavedModel. A clip that is too short is not refused.
"""

import importlib
import logging
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from launch.exporters import Client, Sizes
from launch.exporters.parts.packages import require_packages
from launch.exporters.parts.serving_module import OUTPUTS, ServingModule

FILES = tuple(f"{output}.onnx" for output in OUTPUTS.values())
TAKES_SIZES = True

OPSET = 17
"""The version of ONNX's operators: those of 2022, which the runtimes in use have."""

DIMENSIONS = {
    "clip": ("batch", "frames", "height", "width", "channels"),
    "flow": ("batch", "steps", "height", "width", "components"),
    "probabilities": ("batch", "classes"),
}
"""Names of the sides that are not fixed, by input and output."""


def require() -> None:
    """Refuses where the converter or the runtime is missing.

    Raises:
        InputError: a package is missing.
    """
    require_packages("onnx", ("tf2onnx", "onnx", "onnxruntime"))


def write(module: ServingModule, folder: Path, sizes: Sizes) -> dict[str, Any]:
    """Writes a file for every answer."""
    # A user's own folder of this name would otherwise be found first.
    tf2onnx = importlib.import_module("tf2onnx")
    # It tells every constant that it folds.
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    answers = {}
    for output, signature in module.by_output.items():
        spec = module.spec(sizes)
        function = tf.function(module.answers[signature], input_signature=[spec])
        model, _ = tf2onnx.convert.from_function(function, input_signature=[spec], opset=OPSET)
        _name_sides(model)
        file = f"{output}.onnx"
        (folder / file).write_bytes(model.SerializeToString())
        answers[output] = {"file": file, "input": module.input_record(sizes)}
    return {"written_by": f"tf2onnx {tf2onnx.__version__}", "opset": OPSET, "answers": answers}


def _name_sides(model: Any) -> None:
    """Gives the sides that are not fixed the names of what they count, in place of a number in every file another."""
    for value in (*model.graph.input, *model.graph.output):
        for name, side in zip(DIMENSIONS[value.name], value.type.tensor_type.shape.dim, strict=True):
            if not side.dim_value:
                side.dim_param = name


def open_client(folder: Path) -> Client:
    """ONNX Runtime on the processor."""
    onnxruntime = importlib.import_module("onnxruntime")

    def ask(output: str, taken: np.ndarray) -> np.ndarray:
        session = onnxruntime.InferenceSession(str(folder / f"{output}.onnx"), providers=["CPUExecutionProvider"])
        (given,) = session.get_inputs()
        return session.run([output], {given.name: taken})[0]

    return Client(f"onnxruntime {onnxruntime.__version__}", ask)
