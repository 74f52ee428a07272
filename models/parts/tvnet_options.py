"""Options of TVNet beside its size, for every method that has one."""

import dataclasses

from tvnet_keras.layers.shared_kernels import AXES
from tvnet_keras.layers.tvnet import CONSTANTS_PER
from tvnet_keras.options import option


@dataclasses.dataclass
class Options:
    """The options that go to the layer as they are."""

    tau: float = option(0.25, "Step of TVNet's dual update; where it is learned, its start.", above=0)
    lambda_: float = option(0.15, "Weight of TVNet's brightness term; where it is learned, its start.", above=0)
    theta: float = option(0.3, "Coupling of TVNet's u and v; where it is learned, its start.", above=0)
    share: tuple[str, ...] = option(
        (), "Axes along which TVNet's kernels are one weight; empty gives every iteration its own.", choices=AXES
    )
    constants_per: str = option(
        "network",
        "What has its own tau, lambda and theta of TVNet: the network, or every scale.",
        choices=CONSTANTS_PER,
    )
