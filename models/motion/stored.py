"""Flow that was computed before, by any solver: the two-stage way (Simonyan & Zisserman, NIPS 2014).

The temporal stream takes the Batch's `flow` in place of the clip, so that nothing here is trained or exported as flow.
"""

import keras

FRAMES_CONSUMED = 1
"""The flow of T frames has T - 1 steps."""

IS_FLOW = False
"""The flow goes in, it is not computed."""

READS = "flow"


def make(options: object) -> keras.Layer:
    """A layer that hands the flow on as it is."""
    return keras.layers.Identity(name="stored")


def learning_rates(options: object) -> dict[str, float]:
    """Nothing: there is no weight."""
    return {}
