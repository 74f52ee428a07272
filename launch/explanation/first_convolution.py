"""The convolution of a network that sees the frames, or their flow, first."""

import keras

from models import input_of, motion_of
from models.parts.layer_order import in_order
from tvnet_keras.layers.flow_image import FlowImage

FRAMES, FLOW, CHANNELS = "frames", "flow", "channels"
"""What the channels of a convolution's input are: colours of frames, u and v of flow fields, or neither."""

COLOURS = 3


def first_convolution(model: keras.Model) -> tuple[keras.layers.Conv2D | keras.layers.Conv3D | None, str]:
    """The first convolution of a model that sees more than one pixel, and what the channels of its input are.

    Args:
        model: a model with the attributes that `models` describes.

    Returns:
        The layer, None in a model without one; and `FRAMES`, `FLOW` or `CHANNELS`.
    """
    behind_flow = False
    for layer in in_order(model):
        behind_flow = behind_flow or isinstance(layer, FlowImage)
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Conv3D) and max(layer.kernel_size) > 1:
            return layer, _seen(model, layer.kernel.shape[-2], behind_flow)
    return None, CHANNELS


def _seen(model: keras.Model, channels: int, behind_flow: bool) -> str:
    if behind_flow:
        # The flow of several features has u of each before v.
        is_flow = motion_of(model) is not None or input_of(model) == "flow"
        return FLOW if is_flow else CHANNELS
    return CHANNELS if channels % COLOURS else FRAMES
