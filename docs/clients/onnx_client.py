"""Names the action in a video, and says how its picture moves, with ONNX Runtime: nothing of this project is needed.

pip install onnxruntime av numpy
python onnx_client.py EXPORT VIDEO
"""

import sys
from itertools import islice
from pathlib import Path

import av
import numpy as np
import onnxruntime

folder, video = Path(sys.argv[1]), sys.argv[2]


def ask(name):
    """The answer of `name`.onnx to the beginning of the video, uint8 `[1, T, H, W, 3]`, RGB."""
    session = onnxruntime.InferenceSession(folder / f"{name}.onnx")
    (given,) = session.get_inputs()
    # A side of any size has a name in place of a number.
    length, height, width = (side if isinstance(side, int) else None for side in given.shape[1:4])
    with av.open(video) as file:
        frames = islice(file.decode(video=0), length or 16)
        clip = np.stack([frame.to_ndarray(format="rgb24", width=width, height=height) for frame in frames])
    return session.run([name], {given.name: clip[None]})[0][0]


if (folder / "probabilities.onnx").exists():
    probabilities, classes = ask("probabilities"), (folder / "classes.txt").read_text().splitlines()
    print(*(f"{classes[k]} {100 * probabilities[k]:.1f} %" for k in np.argsort(-probabilities)[:3]), sep=", ")
if (folder / "flow.onnx").exists():
    print("mean flow: {:+.2f} right, {:+.2f} down, in pixels per frame".format(*ask("flow").mean(axis=(0, 1, 2))))
