"""The decoder of FlowNet-S with residual blocks (Ng et al., "ActionFlowNet", WACV 2018, section 3.1)."""

from typing import cast

import keras
from keras import layers

from tvnet_keras.layers.parts.flow_decoder import BLOCKS as PLAIN_BLOCKS
from tvnet_keras.layers.parts.flow_decoder import FlowDecoder
from tvnet_keras.typing import Tensor

from ..resnets.families import resnet2d
from ..resnets.network import ResidualNetwork

RESIDUAL = "residual"

BLOCKS = (RESIDUAL, *PLAIN_BLOCKS)


@keras.saving.register_keras_serializable(package="models")
class ResidualFlowDecoder(FlowDecoder):
    """A `FlowDecoder` whose `block` may also be "residual": a basic residual block at every level."""

    blocks = BLOCKS

    def block_layer(self, name: str, filters: int, channels: int) -> layers.Layer:
        """A new layer that brings the features of one level together."""
        if self.block != RESIDUAL:
            return super().block_layer(name, filters, channels)
        inputs = cast(Tensor, keras.Input((None, None, channels)))
        network = ResidualNetwork(resnet2d.Convolutions())
        return keras.Model(inputs, network.basic_block(inputs, filters, 1, name), name=name)
