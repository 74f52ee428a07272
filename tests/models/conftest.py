"""What tests of networks share."""

import keras
import pytest


@pytest.fixture
def without_values(monkeypatch):
    """Kernels are zeros: where only their shapes matter, drawing those of a full network takes the most time."""
    monkeypatch.setattr(
        keras.initializers.VarianceScaling, "__call__", lambda self, shape, dtype=None: keras.ops.zeros(shape, dtype)
    )


@pytest.fixture
def only_shapes():
    """Weights have shapes and no values at all, so that the largest network takes no memory."""
    with keras.StatelessScope(initialize_variables=False):
        yield
