"""Whether the native kernels may be used here: present, on a CPU, and not in a graph that could leave this process.

A `tf.numpy_function` works only in the process that traced it; in an exported model it fails when it is run elsewhere.
"auto" therefore goes by what is known to stay here (`ops.tracing`). Every other graph gets the portable mode: slower,
but right everywhere; an export gets it without XLA too (`ops.differentiable`).
"""

import functools
import importlib
import warnings
from types import ModuleType

import keras

from tvnet_keras.choices import check_choice
from tvnet_keras.errors import InputError
from tvnet_keras.ops.compilation import compiles_for_cpu
from tvnet_keras.ops.tracing import python_obstacle, stays_in_this_process

MODES = ("auto", "portable", "native")
"""How TV-L1's steps are executed; `native_operations` says what the words mean."""


def native_operations(mode: str) -> ModuleType | None:
    """The steps of TV-L1 in their native form, or None where their portable form is to run. It is asked at every call.

    Args:
        mode: "auto" (native where it is valid), "portable" or "native".

    Returns:
        The module `ops.native.operations`, whose import loads numba, or None.

    Raises:
        InputError: an unknown mode, or "native" where it cannot work; the sentence says why.
    """
    check_choice("mode", mode, MODES)
    if mode == "portable":
        return None
    obstacle = _obstacle_here() or python_obstacle()
    if mode == "native" and obstacle:
        raise InputError(f'mode="native" cannot be used {obstacle}; use mode="auto" or mode="portable".')
    used = not obstacle and (mode == "native" or (compiles_for_cpu() and stays_in_this_process()))
    return _operations() if used else None


def _operations() -> ModuleType:
    # Imported when it is first needed, because numba is optional and takes a second to load.
    return importlib.import_module("tvnet_keras.ops.native.operations")


@functools.cache
def _obstacle_here() -> str | None:
    """Why no graph of this process can call the native kernels, as the end of a sentence."""
    if keras.backend.backend() != "tensorflow":
        return f"with the Keras backend {keras.backend.backend()!r}, it needs 'tensorflow'"
    try:
        _operations()
    except Exception as error:  # A numba that does not fit its surroundings raises whatever it meets first.
        obstacle = f"because its kernels did not load ({_first_line(error)}): pip install numba"
        if not (isinstance(error, ModuleNotFoundError) and error.name == "numba"):
            # Users without numba know that it is absent; users who installed it would wonder about the time.
            warnings.warn(f"The native solver cannot be used {obstacle}.", RuntimeWarning, stacklevel=2)
        return obstacle
    return None


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
