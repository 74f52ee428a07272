"""TensorFlow's SavedModel: for TensorFlow Serving, its C, Java and Go loaders, and Python with TensorFlow alone.

Any sizes. The signatures are `serving_default(clip) -> probabilities` and `flow(clip) -> flow`.
"""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from launch.exporters import Client, Sizes
from launch.exporters.parts.quiet import quiet
from launch.exporters.parts.serving_module import DEFAULT, ServingModule

MODEL_FILE = "saved_model.pb"
FILES = (MODEL_FILE, "fingerprint.pb", "variables", "assets")
TAKES_SIZES = False

TAG = "serve"


def require() -> None:
    """TensorFlow is there."""


def write(module: ServingModule, folder: Path, sizes: Sizes) -> dict[str, Any]:
    """Writes the SavedModel with all of its signatures.

    Raises:
        RuntimeError: its graph calls Python.
    """
    del sizes
    module.save(folder)
    refuse_python_ops(folder)
    given = module.input_record()
    answers = {output: {"signature": signature, "input": given} for output, signature in module.by_output.items()}
    return {"written_by": f"tensorflow {tf.__version__}", "answers": answers}


def open_client(folder: Path) -> Client:
    """TensorFlow's session loader, which reads what TensorFlow Serving reads: tags, signatures and names of tensors.

    `tf.saved_model.load` reads Python's objects beside them, which no other runtime does.
    """
    session = tf.compat.v1.Session(graph=tf.Graph())
    # The loader of sessions is called deprecated: others than Python have no other.
    with session.graph.as_default(), quiet():
        signatures = tf.compat.v1.saved_model.loader.load(session, [TAG], str(folder)).signature_def

    def ask(output: str, taken: np.ndarray) -> np.ndarray:
        signature = signatures[output if output in signatures else DEFAULT]
        (given,) = signature.inputs.values()
        return session.run(signature.outputs[output].name, {given.name: taken})

    return Client(f"tensorflow {tf.__version__} (session loader)", ask)


def refuse_python_ops(folder: Path) -> None:
    """Fails if an exported graph calls back into this process's Python, which no other process has.

    Raises:
        RuntimeError: the graph holds a PyFunc.
    """
    graph = (folder / MODEL_FILE).read_bytes()
    if b"PyFunc" in graph:
        raise RuntimeError(f"{folder} calls Python functions and would fail elsewhere; export the portable solver.")
