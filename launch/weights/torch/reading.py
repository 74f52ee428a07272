"""State dicts from files."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tvnet_keras.errors import InputError

STATE_DICT_KEYS = ("state_dict", "model_state_dict", "model")
"""Under which training programs keep the state dict, beside what else they save."""

NAME_WRAPPERS = re.compile(r"(?<![^.])(module|_orig_mod|model)\.")
"""What parallel training, torch.compile and Lightning put before the names of a network or of a part of it."""


def read_state_dict(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a PyTorch state dict by their names.

    Pickled code is not run: only files of plain tensors are read. A dictionary under one of `STATE_DICT_KEYS` is taken
    out, and what `NAME_WRAPPERS` finds is cut off the names. Sparse tensors are filled, quantised ones are brought back
    to the values that they stand for.

    Args:
        path: `.pth` or `.pt`.

    Raises:
        InputError: no PyTorch, no such file, one that is no state dict, or a weight without values.
    """
    try:
        import torch
    except ImportError:
        raise InputError("--from=torch needs PyTorch, which nothing else here does: pip install torch.") from None
    if not path.is_file():
        raise InputError(f"--weights={path} is not a file; name a PyTorch state dict (.pth or .pt).")
    try:
        # A type checker takes the folder of this file for the package.
        load, is_tensor = torch.load, torch.is_tensor  # pyright: ignore[reportAttributeAccessIssue]
        content = load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # Unpickling raises whatever the bytes lead it to.
        raise InputError(
            f"--weights={path} cannot be read as a PyTorch state dict of tensors: {_first_line(error)}"
        ) from error
    tensors = unwrapped(content, is_tensor, str(path))
    return {name: _array(tensor, name, str(path)) for name, tensor in tensors.items()}


def unwrapped(content: Any, is_tensor: Callable[[object], bool], source: str) -> dict[str, Any]:
    """The tensors of what a file holds, under the names that the network itself gives them.

    Args:
        content: what was unpickled.
        is_tensor: whether a value of it is a tensor.
        source: the file's name, for errors.

    Raises:
        InputError: it is no state dict, or two of its names are one without what stands around them.
    """
    while isinstance(content, dict):
        inner = [content[key] for key in STATE_DICT_KEYS if isinstance(content.get(key), dict)]
        if not inner:
            break
        content = inner[0]
    if not isinstance(content, dict) or not content:
        raise InputError(f"--weights={source} holds no state dict; save one with torch.save(model.state_dict(), FILE).")
    found = {}
    for name, value in content.items():
        if not isinstance(name, str) or not is_tensor(value):
            raise InputError(
                f"--weights={source} holds no state dict: its entry {name!r} is {type(value).__name__}, not a tensor "
                "under a name; save one with torch.save(model.state_dict(), FILE)."
            )
        own = NAME_WRAPPERS.sub("", name)
        if own in found:
            raise InputError(f"--weights={source} holds two networks: {own} is in it twice; save one of them alone.")
        found[own] = value
    return found


def _array(tensor: Any, name: str, source: str) -> np.ndarray:
    tensor = tensor.detach()
    try:
        dense = tensor.dequantize() if tensor.is_quantized else tensor.to_dense()
        # NumPy has no bfloat16.
        return (dense.float() if dense.is_floating_point() else dense).numpy()
    except (RuntimeError, TypeError) as error:  # of a device or a layout that has no values to read
        raise InputError(f"--weights={source}: {name} cannot be read as numbers: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
