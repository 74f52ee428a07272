"""Reading state dicts from files of PyTorch; PyTorch itself is needed only for tensors that are no plain ones."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from models.parts.torch_file import read_torch_content
from tvnet_keras.errors import InputError

STATE_DICT_KEYS = ("state_dict", "model_state_dict", "model")
"""The keys under which training programs keep the state dict, beside the other things that they save."""

NAME_WRAPPERS = re.compile(r"(?<![^.])(module|_orig_mod|model)\.")
"""What parallel training, torch.compile and Lightning put before the names in a network or in a part of it."""


def read_state_dict(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a PyTorch state dict by their names.

    Pickled code is not run: only files of plain tensors are read. A dictionary under one of `STATE_DICT_KEYS` is taken
    out, and what `NAME_WRAPPERS` finds is cut off the names. Where PyTorch is installed, sparse tensors are filled, and
    quantised ones are brought back to the values that they stand for.

    Args:
        path: a `.pth` or `.pt` file.

    Raises:
        InputError: there is no such file, it is no state dict, a weight has no values, or it takes PyTorch to read it
            and that is not installed.
    """
    if not path.is_file():
        raise InputError(f"--weights={path} is not a file; name a PyTorch state dict (.pth or .pt).")
    try:
        content = read_torch_content(path)
    except InputError as refusal:
        return _read_by_pytorch(path, refusal)
    arrays = unwrapped(content, lambda value: isinstance(value, np.ndarray), str(path))
    return {name: _float32(array) for name, array in arrays.items()}


def _read_by_pytorch(path: Path, refusal: InputError) -> dict[str, np.ndarray]:
    """The arrays of a file with other tensors than plain ones; `refusal` says why it is none of plain tensors."""
    try:
        import torch
    except ImportError:
        said = str(refusal).rstrip(".")
        raise InputError(f"--weights={said}; PyTorch, which reads more, is not installed: pip install torch.") from None
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
    """The tensors in the content of a file, by the names that the network itself gives them.

    Args:
        content: the unpickled content.
        is_tensor: a function that tells whether a value is a tensor.
        source: the file's name, for errors.

    Raises:
        InputError: the content is no state dict, or two names become one when `NAME_WRAPPERS` is cut off.
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


def _float32(array: np.ndarray) -> np.ndarray:
    """Floats of any precision as Keras has them; other numbers stay as they are."""
    return array.astype(np.float32, copy=False) if array.dtype.kind == "f" else array


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
