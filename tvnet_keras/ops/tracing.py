"""What is known of the code that runs now: who called it, and where the graph that it is traced into will run.

Nothing at tracing time says what a graph is for. Three kinds of graphs are known to run in this process only: those
of Keras's own `fit` / `evaluate` / `predict` loops, those of `tf.data`, and those traced inside `local_graphs()`.
Every other graph (of an export, or of a user's own `tf.function`) may leave this process.
"""

import contextlib
import sys
from collections.abc import Iterator

import keras

_LOCAL_TRACERS = ("keras.src.backend.tensorflow.trainer", "tensorflow.python.data.")
_EXPORTERS = ("keras.src.export.", "tensorflow.python.saved_model.", "tensorflow.lite.", "tf2onnx.")

_open_local_graphs = 0


@contextlib.contextmanager
def local_graphs() -> Iterator[None]:
    """Says that graphs traced inside run in this process only, so that `mode="auto"` may use native kernels in them.

    It is for training and inference loops of one's own. It holds for every thread, because `tf.distribute` traces in
    threads that it starts itself.

    Example:
        >>> from tvnet_keras import TVNet
        >>> step = tf.function(TVNet(iterations=1))
        >>> with local_graphs():
        ...     flow = step(np.zeros((1, 2, 8, 8, 3)))
        >>> tuple(flow.shape)
        (1, 1, 8, 8, 2)
    """
    global _open_local_graphs
    _open_local_graphs += 1
    try:
        yield
    finally:
        _open_local_graphs -= 1


def stays_in_this_process() -> bool:
    """Whether what runs or is traced now is known to run in this process only, so that it may suit this machine."""
    if keras.backend.backend() != "tensorflow":
        return True
    import tensorflow as tf

    if tf.executing_eagerly():
        return True
    return not being_exported() and (_open_local_graphs > 0 or called_from(_LOCAL_TRACERS))


def being_exported() -> bool:
    """Whether an exporter traces the graph of what is called now: it will run elsewhere, maybe without TensorFlow."""
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return not tf.executing_eagerly() and called_from(_EXPORTERS)


def xla_compiles() -> bool:
    """Whether what runs now is a TensorFlow graph being traced that XLA will compile."""
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf
    from tensorflow.python.ops import control_flow_util

    # There is no public way to ask.
    return not tf.executing_eagerly() and control_flow_util.GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph())


def python_obstacle() -> str | None:
    """Why the TensorFlow graph that is traced now cannot call Python when it runs, as the end of a sentence."""
    if xla_compiles():
        return "in a function that XLA compiles (jit_compile=True)"
    if being_exported():
        return "in a graph that is being exported, which must run without this package"
    return None


def may_call_python() -> bool:
    """Whether the TensorFlow graph that is traced now may call Python when it runs: it stays here, and not by XLA."""
    return not python_obstacle() and stays_in_this_process()


def called_from(modules: tuple[str, ...]) -> bool:
    """Whether a function of one of these modules is being executed.

    Args:
        modules: dotted names of modules, or of packages with a dot at their end.
    """
    frame = sys._getframe()
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith(modules):
            return True
        frame = frame.f_back
    return False
