"""Options of TVNet that are not the paper's, for every method that has one."""

import dataclasses

from tvnet_keras.layers.shared_kernels import AXES
from tvnet_keras.layers.tvnet import CONSTANTS_PER
from tvnet_keras.ops.median import SIZES
from tvnet_keras.options import option


@dataclasses.dataclass
class Options:
    """The options that go to the layer as they are."""

    share: tuple[str, ...] = option(
        (), "Axes along which TVNet's kernels are one weight; empty gives every iteration its own.", choices=AXES
    )
    constants_per: str = option(
        "network",
        "What has its own tau, lambda and theta of TVNet: the network, or every scale.",
        choices=CONSTANTS_PER,
    )
    median: int = option(
        0,
        "Side of the window of a median filter on TVNet's flow after every warp: 3 or 5; 0 for none.",
        choices=(0, *SIZES),
    )
    texture: float = option(
        0.0,
        "Share of the structure (a wide Gaussian of the frame) that is taken away from TVNet's frames, against changes "
        "of the light; 0.95 is usual.",
        least=0,
        most=1,
    )
