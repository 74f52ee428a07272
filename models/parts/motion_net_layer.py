"""The options of MotionNet, alone and in front of a temporal stream."""

import dataclasses

from tvnet_keras.options import option


@dataclasses.dataclass
class Options:
    """Arguments of the layer."""

    width: int = option(
        64, "Channels of MotionNet's first convolution, which all others follow; 64 is published.", least=1, most=512
    )
    small_displacement: bool = option(
        True, "Whether MotionNet begins with small kernels and no stride; otherwise as FlowNet-S."
    )
    between: bool = option(True, "Whether MotionNet has convolutions between its deconvolutions.")
