"""What the tests of every layer and of every loss are tried on: the `EXAMPLE` in the test of each.

A layer in `tvnet_keras/layers/mine.py` has its example in `tests/layers/test_mine.py`, a loss likewise.
"""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

TESTS = Path(__file__).resolve().parent


class LayerExample(NamedTuple):
    """How to make a layer, and an input shape that it takes."""

    make: Callable[[], keras.Layer]
    input_shape: tuple[int, ...]


class LossExample(NamedTuple):
    """How to make a loss, a target, and a prediction that is perfect for it."""

    make: Callable[[], keras.losses.Loss]
    target: np.ndarray
    perfect: np.ndarray


def example_of(tested: type) -> LayerExample | LossExample:
    """The `EXAMPLE` in the test of a layer or loss of the library."""
    _, folder, module = tested.__module__.split(".")
    kind = LayerExample if issubclass(tested, keras.Layer) else LossExample
    there = (TESTS / folder / f"test_{module}.py").is_file()
    example = getattr(importlib.import_module(f"tests.{folder}.test_{module}"), "EXAMPLE", None) if there else None
    assert isinstance(example, kind), (
        f"{tested.__name__} has no example: tests/{folder}/test_{module}.py needs EXAMPLE = {kind.__name__}(...), "
        "which is in tests/examples.py"
    )
    assert type(example.make()) is tested
    return example
