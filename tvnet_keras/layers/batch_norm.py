"""The settings of every batch normalisation of the library."""

from typing import Any

BATCH_NORM: dict[str, Any] = {"momentum": 0.9, "epsilon": 1e-5}
"""PyTorch's defaults in Keras's words, with which the networks of the papers were trained."""
