"""Weights that are stored under their names."""

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np
from keras import ops


class StoredByName:
    """Mixin, before `keras.layers.Layer`: a layer stores its own weights by name, where Keras would number them.

    Keras's numbers change with which weights are trainable; names do not. The layer states its weights in
    `_stored_weights()`.
    """

    def _stored_weights(self) -> Iterable[keras.Variable]:
        """The weights of its own, in the order in which they are loaded."""
        raise NotImplementedError

    def save_own_variables(self, store: Any) -> None:
        """Stores the weights by name."""
        for weight in self._stored_weights():
            store[weight.name] = ops.convert_to_numpy(weight)

    def load_own_variables(self, store: Any) -> None:
        """Loads what `save_own_variables` stored."""
        for weight in self._stored_weights():
            weight.assign(self._fitted(weight, np.asarray(store[weight.name])))

    def _fitted(self, weight: keras.Variable, value: np.ndarray) -> Any:
        """A stored value as the weight takes it; a layer that knows how to change shapes overrides this."""
        return value
