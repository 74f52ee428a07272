"""State dicts from files."""

from pathlib import Path

import numpy as np

from tvnet_keras.errors import InputError


def read_state_dict(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a PyTorch state dict by their names.

    Pickled code is not run: only files of plain tensors are read. A dictionary under "state_dict", as training
    programs write it, is taken out, and the "module." of parallel training is cut off.

    Args:
        path: `.pth` or `.pt`.

    Raises:
        InputError: no PyTorch, no such file, or one that is no state dict.
    """
    try:
        import torch
    except ImportError:
        raise InputError("--from=torch needs PyTorch, which nothing else here does: pip install torch.") from None
    if not path.is_file():
        raise InputError(f"--weights={path} is not a file; name a PyTorch state dict (.pth or .pt).")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # Unpickling raises whatever the bytes lead it to.
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"--weights={path} cannot be read as a PyTorch state dict of tensors: {reason}") from error
    if isinstance(content, dict):
        content = content.get("state_dict", content)
    if not isinstance(content, dict) or not content or not all(map(torch.is_tensor, content.values())):
        raise InputError(f"--weights={path} holds no state dict; save one with torch.save(model.state_dict(), FILE).")
    return {name.removeprefix("module."): tensor.float().numpy() for name, tensor in content.items()}
