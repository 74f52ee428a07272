"""Whether the native kernels may be used here: present, on a CPU, and not in a graph that could leave this process.

A `tf.numpy_function` works only in the process that traced it; in an exported model it fails when it is run elsewhere.
Nothing at tracing time says what a graph is for, so "auto" goes by what is known to stay here: eager execution,
Keras's own `fit` / `evaluate` / `predict` loops, `tf.data` functions, and code inside `local_graphs()`.
Every other trace (an export, a user's own `tf.function`) gets the portable mode: slower, but right everywhere; an
export gets it without XLA too (`differentiable`).
"""

import contextlib
import functools
import importlib
import sys
import warnings
from collections.abc import Iterator

import keras

from tvnet_keras.choices import check_choice
from tvnet_keras.errors import InputError
from tvnet_keras.ops.compiled import compiles_for_cpu

MODES = ("auto", "portable", "native")

_LOCAL_TRACERS = ("keras.src.backend.tensorflow.trainer", "tensorflow.python.data.")
_EXPORTERS = ("keras.src.export.", "tensorflow.python.saved_model.", "tensorflow.lite.", "tf2onnx.")

_local_graphs = 0


@contextlib.contextmanager
def local_graphs() -> Iterator[None]:
    """Says that graphs traced inside run in this process only, so that "auto" may use the native kernels in them.

    For training and inference loops of one's own. It holds for every thread, because `tf.distribute` traces in
    threads that it starts itself.

    Example:
        >>> from tvnet_keras import TVNet
        >>> step = tf.function(TVNet(iterations=1))
        >>> with local_graphs():
        ...     flow = step(np.zeros((1, 2, 8, 8, 3)))
        >>> tuple(flow.shape)
        (1, 1, 8, 8, 2)
    """
    global _local_graphs
    _local_graphs += 1
    try:
        yield
    finally:
        _local_graphs -= 1


def use_native(mode: str) -> bool:
    """Whether the solver, called now, runs the native kernels.

    Args:
        mode: "auto" (native where it is valid), "portable" or "native".

    Raises:
        InputError: an unknown mode, or "native" where it cannot work; the sentence says why.
    """
    check_choice("mode", mode, MODES)
    if mode == "portable":
        return False
    obstacle = _obstacle() or _obstacle_in_graph()
    if mode == "native" and obstacle:
        raise InputError(f'mode="native" cannot be used {obstacle}; use mode="auto" or mode="portable".')
    return not obstacle and (mode == "native" or (compiles_for_cpu() and stays_here()))


@functools.cache
def _obstacle() -> str | None:
    if keras.backend.backend() != "tensorflow":
        return f"with the Keras backend {keras.backend.backend()!r}, it needs 'tensorflow'"
    try:
        for name in ("frames", "level"):
            importlib.import_module(f"tvnet_keras.ops.native.{name}")
    except Exception as error:  # A numba that does not fit its surroundings raises whatever it meets first.
        obstacle = f"because its kernels did not load ({_first_line(error)}): pip install numba"
        if not (isinstance(error, ModuleNotFoundError) and error.name == "numba"):
            # Who has not installed it knows; who has would wonder about the time.
            warnings.warn(f"The native solver cannot be used {obstacle}.", RuntimeWarning, stacklevel=2)
        return obstacle
    return None


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


def _obstacle_in_graph() -> str | None:
    import tensorflow as tf

    if tf.executing_eagerly():
        return None
    if xla_compiles():
        return "in a function that XLA compiles (jit_compile=True)"
    if being_exported():
        return "in a graph that is being exported, which must run without this package"
    return None


def xla_compiles() -> bool:
    """Whether what runs now is a TensorFlow graph being traced that XLA will compile."""
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf
    from tensorflow.python.ops import control_flow_util

    # There is no public way to ask.
    return not tf.executing_eagerly() and control_flow_util.GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph())


def stays_here() -> bool:
    """Whether what runs or is traced now is known to run in this process only, so that it may suit this machine."""
    if keras.backend.backend() != "tensorflow":
        return True
    import tensorflow as tf

    if tf.executing_eagerly():
        return True
    return not being_exported() and (_local_graphs > 0 or called_from(_LOCAL_TRACERS))


def being_exported() -> bool:
    """Whether an exporter traces the graph of what is called now: it will run elsewhere, maybe without TensorFlow."""
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return not tf.executing_eagerly() and called_from(_EXPORTERS)


def may_call_python() -> bool:
    """Whether the TensorFlow graph traced now may call Python when it runs: it stays here, and not by XLA."""
    return not _obstacle_in_graph() and stays_here()


def called_from(modules: tuple[str, ...]) -> bool:
    """Whether a function of one of these modules (or packages, with a trailing dot) is being executed."""
    frame = sys._getframe()
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith(modules):
            return True
        frame = frame.f_back
    return False
