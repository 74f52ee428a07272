"""The commands, such as `python -m launch.train`; they are run from the root of the repository."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from launch.run import early_interrupt

early_interrupt.begin()


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    """A context that hides what C++ libraries print while they load; Python's exceptions pass as ever."""
    saved, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        sys.stderr.flush()
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)


# TensorFlow announces its CPU features in lines that no setting silences without making it slower
# (TF_ENABLE_ONEDNN_OPTS=0); they would bury the one sentence that a launcher has to say.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
with _quiet_stderr():
    import tensorflow

    # A GPU build on a machine without a GPU complains when devices are first listed.
    tensorflow.config.list_physical_devices()
