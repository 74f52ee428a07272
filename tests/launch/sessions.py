"""What `saved_model_cli run` does: TensorFlow's C loader, on which TensorFlow Serving, Java and Go stand too."""

import contextlib
import io
from pathlib import Path

import numpy as np
from tensorflow.python.tools.saved_model_cli import run_saved_model_with_feed_dict


def answer(folder: Path, signature: str, clip: np.ndarray, out: Path) -> dict[str, np.ndarray]:
    """The outputs of one signature of the SavedModel in `folder`, by name; they are kept in the folder `out`."""
    with contextlib.redirect_stdout(io.StringIO()):
        run_saved_model_with_feed_dict(str(folder), "serve", signature, {"clip": clip}, str(out), overwrite_flag=True)
    return {path.stem: np.load(path) for path in out.iterdir()}
