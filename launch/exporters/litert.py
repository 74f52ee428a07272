"""LiteRT (TensorFlow Lite), for phones and small computers: `probabilities.tflite` and `flow.tflite`.

Only LiteRT's own operations, so that every build of it runs them. It has no double precision, in which frames of any
size are brought to the training size: `probabilities.tflite` takes frames of one size, that of `--size` or else the
training size. `flow.tflite` takes any, unless `--size` fixes it. A clip that is too short is not refused.
"""

import dataclasses
import importlib
import importlib.metadata
import importlib.util
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from launch.exporters import Client, Sizes
from launch.exporters.parts.quiet import quiet
from launch.exporters.parts.serving_module import DEFAULT, OUTPUTS, ServingModule

FILES = tuple(f"{output}.tflite" for output in OUTPUTS.values())
TAKES_SIZES = True

RUNTIME = "ai_edge_litert"
"""The runtime's own package; TensorFlow holds an older copy of it, which is asked where this one is not installed."""


def require() -> None:
    """TensorFlow has the converter, and a runtime."""


def write(module: ServingModule, folder: Path, sizes: Sizes) -> dict[str, Any]:
    """Writes a file for every answer."""
    fixed = {DEFAULT: dataclasses.replace(sizes, size=sizes.size or module.trained_size), "flow": sizes}
    answers = {}
    with tempfile.TemporaryDirectory(dir=folder) as saved:
        # The converter makes constants of the variables of a file; those of a function it would leave without values.
        module.save(Path(saved), fixed)
        for output, signature in module.by_output.items():
            file = f"{output}.tflite"
            with quiet():
                converter = tf.lite.TFLiteConverter.from_saved_model(saved, signature_keys=[signature])
                converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
                (folder / file).write_bytes(converter.convert())
            answers[output] = {"file": file, "input": module.input_record(fixed[signature])}
    return {"written_by": f"tensorflow {tf.__version__}", "answers": answers}


def open_client(folder: Path) -> Client:
    """LiteRT's interpreter."""
    name, interpreter_of = _runtime()

    def ask(output: str, taken: np.ndarray) -> np.ndarray:
        # TensorFlow's copy warns of its removal in a version that is past.
        with quiet():
            interpreter = interpreter_of(model_path=str(folder / f"{output}.tflite"))
        (given,), (answer,) = interpreter.get_input_details(), interpreter.get_output_details()
        interpreter.resize_tensor_input(given["index"], taken.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(given["index"], taken)
        interpreter.invoke()
        return interpreter.get_tensor(answer["index"])

    return Client(name, ask)


def _runtime() -> tuple[str, Any]:
    if importlib.util.find_spec(RUNTIME) is None:
        return f"tensorflow {tf.__version__} (tf.lite)", tf.lite.Interpreter
    version = importlib.metadata.version(RUNTIME.replace("_", "-"))
    return f"ai-edge-litert {version}", importlib.import_module(f"{RUNTIME}.interpreter").Interpreter
