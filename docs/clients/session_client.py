"""Names the action in a video, and says how its picture moves, with TensorFlow's session loader alone.

It reads of a SavedModel what TensorFlow Serving, Java and Go read: tag, signatures and names of tensors.

pip install tensorflow av
python session_client.py EXPORT VIDEO
"""

import os
import sys
from itertools import islice
from pathlib import Path

import av
import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # No remarks about GPUs; errors are raised all the same.
import tensorflow.compat.v1 as tf  # noqa: E402

tf.logging.set_verbosity(tf.logging.ERROR)

folder, video = Path(sys.argv[1]), sys.argv[2]
with av.open(video) as file:
    clip = np.stack([frame.to_ndarray(format="rgb24") for frame in islice(file.decode(video=0), 16)])

session = tf.Session(graph=tf.Graph())
with session.graph.as_default():
    signatures = tf.saved_model.loader.load(session, ["serve"], str(folder)).signature_def


def ask(signature, name):
    """The output `name` of a signature for the clip, uint8 `[1, T, H, W, 3]`, RGB."""
    return session.run(signature.outputs[name].name, {signature.inputs["clip"].name: clip[None]})[0]


if "probabilities" in signatures["serving_default"].outputs:
    probabilities = ask(signatures["serving_default"], "probabilities")
    classes = (folder / "classes.txt").read_text().splitlines()
    print(*(f"{classes[k]} {100 * probabilities[k]:.1f} %" for k in np.argsort(-probabilities)[:3]), sep=", ")
if "flow" in signatures:
    flow = ask(signatures["flow"], "flow")
    print("mean flow: {:+.2f} right, {:+.2f} down, in pixels per frame".format(*flow.mean(axis=(0, 1, 2))))
