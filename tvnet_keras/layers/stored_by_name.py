"""Weights that are stored under their names."""

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np
from keras import ops

OPTION = "option."
"""With this begins the name of what is stored beside the weights and is none."""


class StoredByName:
    """Mixin, before `keras.layers.Layer`: a layer stores its own weights by name, where Keras would number them.

    Keras's numbers change with which weights are trainable; names do not. The layer states its weights in
    `_stored_weights()`.
    """

    def _stored_weights(self) -> Iterable[keras.Variable]:
        """The weights of its own, in the order in which they are loaded."""
        raise NotImplementedError

    def _stored_options(self) -> dict[str, float]:
        """Numbers that the outputs depend on beside the weights, for whoever has nothing but the file; often none."""
        return {}

    def save_own_variables(self, store: Any) -> None:
        """Stores the weights by name, and beside them the options of `_stored_options`."""
        for weight in self._stored_weights():
            store[weight.name] = self._stored(weight)
        for name, number in self._stored_options().items():
            store[OPTION + name] = np.float64(number)

    def load_own_variables(self, store: Any) -> None:
        """Loads the weights that `save_own_variables` stored; the layer keeps its own options."""
        weights = tuple(self._stored_weights())
        # All of them before the first is changed, as a layer may refuse one.
        values = [self._fitted(weight, np.asarray(store[weight.name])) for weight in weights]
        for weight, value in zip(weights, values, strict=True):
            weight.assign(value)

    def _stored(self, weight: keras.Variable) -> np.ndarray:
        """A weight's value as it is stored; a layer that stores another shape overrides this and `_fitted`."""
        return ops.convert_to_numpy(weight)

    def _fitted(self, weight: keras.Variable, value: np.ndarray) -> Any:
        """A stored value as the weight takes it; a layer that knows how to change shapes overrides this."""
        return value
