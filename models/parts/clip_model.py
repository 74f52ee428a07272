"""What every model of clips shares: the shape of its clips, its options, its config."""

import dataclasses
from typing import ClassVar

import keras

from tvnet_keras.options import check_options


class ClipModel(keras.Model):
    """Base of the models in this folder.

    Args:
        clip_shape: `(T, H, W, 3)`; entries may be None where the model takes any.
        options: an `options_class`, or its dictionary.
        **kwargs: `keras.Model` arguments.

    Raises:
        InputError: an option that does not take its value.
    """

    options_class: ClassVar[type]

    def __init__(self, clip_shape: tuple, options=None, **kwargs) -> None:
        # Autocasting would round a float clip to float16 under mixed precision before the solver, which pins float32.
        super().__init__(**{"autocast": False, **kwargs})
        self.clip_shape = tuple(clip_shape)
        self.options = self._options(options)

    def _options(self, options):
        if isinstance(options, dict):
            # Files keep tuples as lists.
            values = {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}
            options = self.options_class(**values)
        options = options or self.options_class()
        check_options(options)
        return options

    def get_config(self) -> dict:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "clip_shape": self.clip_shape,
            "options": dataclasses.asdict(self.options),
        }
