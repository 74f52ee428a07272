"""What a process does that has imported nothing of the project yet; each function runs in one of its own."""

import importlib
import sys
from pathlib import Path

import keras


def load(first: str, folder: str) -> None:
    """Loads every network that a folder holds, after importing one module and tvnet_keras.

    Args:
        first: the module.
        folder: holds METHOD.keras.
    """
    assert not {"tvnet_keras", "models"} & set(sys.modules)
    importlib.import_module(first)
    importlib.import_module("tvnet_keras")
    for file in sorted(Path(folder).glob("*.keras")):
        network = keras.saving.load_model(file)
        assert type(network).__module__ == f"models.{file.stem}", type(network)
