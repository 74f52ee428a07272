"""Layers that start with the weights of a preset."""

from collections.abc import Callable, Mapping
from typing import Any, Self, cast

import keras
import numpy as np

from tvnet_keras import presets
from tvnet_keras.choices import check_choice
from tvnet_keras.errors import InputError
from tvnet_keras.typing import Tensor

OVERRIDABLE = ("name", "trainable", "dtype", "value_range", "learn", "u0_size", "detach_warps", "mode")
"""The arguments that leave the weights of a preset what they are; every other one belongs to the preset."""


class FromPreset:
    """Mixin, before `keras.layers.Layer`: the weights of a layer from a preset are there once it is built.

    They are initial values, so that it does not matter where the layer is built. A layer that is made from its
    configuration has no preset: what it learned lies in the file of its model.
    """

    _preset: presets.Preset | None = None

    @classmethod
    def from_preset(cls, preset: str, /, **overrides: Any) -> Self:
        """A layer with trained weights, for input of any size.

        Args:
            preset: its name, one of `tvnet_keras.presets.names()`.
            **overrides: arguments of the constructor that leave the weights what they are: `name`, `trainable`,
                `dtype`, `value_range`, `learn`, `u0_size`, `detach_warps`, `mode`. The initial flow is zero on a grid
                of one vector unless `u0_size` says otherwise; None takes the grid of the coarsest level, as in the
                constructor.

        Raises:
            InputError: there is no such preset, its file is damaged, or another argument is given.

        Example:
            >>> layer = TVNet.from_preset("tvnet-5-5-50-generated", value_range=(0, 255))  # doctest: +SKIP
        """
        loaded = presets.load(preset)
        for argument, value in overrides.items():
            if argument in loaded.config and argument not in OVERRIDABLE:
                raise InputError(
                    f"{argument} belongs to the weights of the preset {preset} and stays "
                    f"{loaded.config[argument]!r}; leave it out. Received: {argument}={value!r}"
                )
            check_choice(f"The argument beside the preset {preset}", argument, OVERRIDABLE)
        layer = cls(**{**loaded.config, **overrides})
        layer._preset = loaded
        return layer

    def to_preset(self, name: str, card: Mapping[str, Any]) -> presets.Preset:
        """The layer's arguments and weights as a preset, for `tvnet_keras.presets.save`.

        Args:
            name: of the preset.
            card: what a user should know of the weights, a JSON object.

        Raises:
            InputError: the layer has no weights yet, or has learned an initial flow, which belongs to one size and one
                scene.
        """
        layer = cast("keras.layers.Layer", self)
        if not layer.built:
            raise InputError(f"{layer.name} has no weights yet; build or call it before it becomes a preset.")
        # In the shape that they have here, which need not be that of their file.
        weights = {weight.name: keras.ops.convert_to_numpy(weight) for weight in layer.weights}
        if np.any(weights.pop("u0")):
            raise InputError(f"u0 of a preset is zero, but {layer.name} has learned one; leave u0 out of learn.")
        # What every layer has is the user's to say, and so is how the iterations are executed and learned.
        left = {*keras.layers.Layer.get_config(layer), "detach_warps", "mode"}
        config = {key: value for key, value in layer.get_config().items() if key not in left}
        return presets.Preset(name, {**config, "u0_size": (1, 1)}, weights, card)

    def add_weight(self, *args: Any, name: str, **options: Any) -> keras.Variable:
        """A weight, as Keras adds it; of a layer from a preset it starts with the preset's values."""
        if self._preset is not None and name in self._preset.weights:
            options["initializer"] = _values(self._preset, name)
        return super().add_weight(*args, name=name, **options)  # pyright: ignore[reportAttributeAccessIssue]

    def _require_all_of_preset(self) -> None:
        """Refuses a preset with weights that the layer, which is built, does not have."""
        if self._preset is None:
            return
        layer = cast("keras.layers.Layer", self)
        own = {weight.name for weight in layer.weights}
        left = [name for name in self._preset.weights if name not in own]
        if left:
            raise InputError(
                f"learn must name {left[0]}, which the preset {self._preset.name} has learned; set trainable = False "
                f"if it shall stay as it is. Received: learn={layer.get_config()['learn']}"
            )


def _values(preset: presets.Preset, name: str) -> Callable[..., Tensor]:
    """The initializer of a weight that holds the values of a preset."""

    def initial(shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        value = preset.weights[name]
        if value.shape != tuple(shape):
            raise InputError(
                f"{name} of the preset {preset.name} has the shape {value.shape}, but its arguments say "
                f"{tuple(shape)}; install the package again."
            )
        # A copy, as Torch would let the weight share the array.
        return keras.ops.convert_to_tensor(value.copy(), dtype)

    return initial
