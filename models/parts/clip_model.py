"""What every model of clips shares: the shape of the clips, the options and the configuration of both."""

import dataclasses
from typing import Any, ClassVar

import keras

from tvnet_keras.options import check_options
from tvnet_keras.typing import Shape


class ClipModel(keras.Model):
    """Base class of the models of all methods.

    Args:
        clip_shape: `(T, H, W, 3)`; an entry may be None where the model takes any value.
        options: an `options_class`, or the dictionary of its fields.
        **kwargs: `keras.Model` arguments.

    Raises:
        InputError: an option that does not take its value.
    """

    options_class: ClassVar[type]
    options: Any  # An `options_class`, which every method's model names.

    def __init__(self, clip_shape: Shape, options: Any = None, **kwargs: Any) -> None:
        # Autocasting would round a float clip to float16 under mixed precision before the solver, which pins float32.
        super().__init__(**{"autocast": False, **kwargs})
        self.clip_shape = tuple(clip_shape)
        self.options = self._options(options)

    def _options(self, options: Any) -> Any:
        if isinstance(options, dict):
            # Files keep tuples as lists.
            values = {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}
            options = self.options_class(**values)
        options = options or self.options_class()
        check_options(options)
        return options

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "clip_shape": self.clip_shape,
            "options": dataclasses.asdict(self.options),
        }
