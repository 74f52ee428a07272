"""Variables of a MATLAB file."""

from pathlib import Path

import numpy as np
from scipy.io import loadmat, whosmat

from tvnet_keras.errors import InputError


def variable_names(path: Path) -> tuple[str, ...]:
    """The names of a file's variables; none where the file is not MATLAB's."""
    if path.suffix != ".mat":
        return ()
    try:
        return tuple(name for name, _, _ in whosmat(path))
    except Exception as error:  # A damaged file raises whatever its bytes lead the reader to.
        raise _damaged(path, error) from error


def read_variables(path: Path) -> dict[str, np.ndarray]:
    """All variables of a file by name.

    Raises:
        InputError: the file is damaged.
    """
    try:
        return {name: value for name, value in loadmat(path).items() if not name.startswith("__")}
    except Exception as error:  # As above.
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> InputError:
    reason = " ".join(str(error).split()) or type(error).__name__
    return InputError(f"{path} is not a whole MATLAB file ({reason}); fetch it again.")
