"""Options of TVNet that are not the paper's, for every method that has one."""

import dataclasses

from tvnet_keras.layers.shared_kernels import AXES
from tvnet_keras.layers.tvnet import CONSTANTS_PER
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
