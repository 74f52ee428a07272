"""Names the action in a video, and says how its picture moves, with LiteRT: nothing of this project is needed.

pip install ai-edge-litert av numpy
python litert_client.py EXPORT VIDEO
"""

import sys
from itertools import islice
from pathlib import Path

import av
import numpy as np

try:
    from ai_edge_litert.interpreter import Interpreter
except ImportError:  # TensorFlow holds an older copy.
    import tensorflow

    Interpreter = tensorflow.lite.Interpreter

folder, video = Path(sys.argv[1]), sys.argv[2]


def ask(name):
    """The answer of `name`.tflite to the beginning of the video, uint8 `[1, T, H, W, 3]`, RGB."""
    interpreter = Interpreter(str(folder / f"{name}.tflite"))
    (given,), (answer,) = interpreter.get_input_details(), interpreter.get_output_details()
    length, height, width = (side if side > 0 else None for side in given["shape_signature"][1:4].tolist())
    with av.open(video) as file:
        frames = islice(file.decode(video=0), length or 16)
        clip = np.stack([frame.to_ndarray(format="rgb24", width=width, height=height) for frame in frames])
    interpreter.resize_tensor_input(given["index"], clip[None].shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(given["index"], clip[None])
    interpreter.invoke()
    return interpreter.get_tensor(answer["index"])[0]


if (folder / "probabilities.tflite").exists():
    probabilities, classes = ask("probabilities"), (folder / "classes.txt").read_text().splitlines()
    print(*(f"{classes[k]} {100 * probabilities[k]:.1f} %" for k in np.argsort(-probabilities)[:3]), sep=", ")
if (folder / "flow.tflite").exists():
    print("mean flow: {:+.2f} right, {:+.2f} down, in pixels per frame".format(*ask("flow").mean(axis=(0, 1, 2))))
