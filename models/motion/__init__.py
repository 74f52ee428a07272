"""Motion layers in front of a temporal stream, one per file; adding a file adds `--config.model.motion=<its name>`.

A module has

`make(options) -> keras.Layer`
    A Motion layer with a name of its own that takes clips `[B, T, H, W, 3]` of integers 0..255 or floats 0..1 and keeps
    their height and width. `options` are those of the method, of which the module reads what it knows. The temporal
    stream clips what it gives to `options.flow_bound` and divides it by that.
`FRAMES_CONSUMED`
    The number of steps by which the layer's output is shorter than the clip, whatever the options.
`IS_FLOW`
    Whether the output is a Flow of the frames. Only a Flow is exported, measured and shown, and has a TV-L1 energy.
`learning_rates(options) -> {pattern: multiplier}`
    The rates of the weights of a solver that the layer learns, in the form in which a method says its own. They do not
    decay.

It may also have

`network_rates(options) -> {pattern: multiplier}`
    The same of weights that decay as those of any network; `network_rates_of` asks for it.
`READS`
    The field of a Batch that the layer takes in place of the clip; the model then takes that field. `field_of` asks for
    it.
"""

import sys
from types import ModuleType
from typing import Any

from tvnet_keras.choices import load_module


def motion_module(name: str) -> ModuleType:
    """The module of this folder that `--config.model.motion` names.

    Raises:
        InputError: there is no such module.
    """
    return load_module(sys.modules[__name__], "motion", name)


def network_rates_of(options: Any) -> dict[str, float]:
    """The rates of the weights of the motion layer of `options.motion` that decay; empty where it has none."""
    return vars(motion_module(options.motion)).get("network_rates", lambda _: {})(options)


def field_of(name: str) -> str:
    """The field of a Batch that a motion layer takes: `clip`, where its module does not say otherwise."""
    return vars(motion_module(name)).get("READS", "clip")
