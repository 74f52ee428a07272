"""Learning flow without labels: the terms of MotionNet's loss, for every method that has them."""

import dataclasses
from typing import Any

from tvnet_keras.losses.unsupervised_flow import NORMALISATIONS, unsupervised_flow_terms
from tvnet_keras.options import option
from tvnet_keras.typing import Tensor

LEVELS = 5


@dataclasses.dataclass
class Options:
    """Weights of the terms (Zhu et al., ACCV 2018, Eq. 4), and how each is normalised."""

    pixel_weight: float = option(1.0, "Weight of the photometric error, at every resolution.", least=0)
    smooth_weight: float = option(1.0, "Weight of the roughness of the flow, at every resolution.", least=0)
    ssim_weights: tuple[float, ...] = option(
        (0.01, 0.02, 0.04, 0.08, 0.16), "Weights of the structural dissimilarity, fine to coarse.", least=0
    )
    normalisation: str = option(
        "paper",
        "What the terms are: means over what is valid (paper), or as the released code has them (released): errors and "
        "roughness divided by the size of the batch once more, dissimilarity a sum over windows and channels.",
        choices=NORMALISATIONS,
    )


def check_weights(options: Any) -> None:
    """Refuses another number of weights than there are resolutions.

    Raises:
        ValueError: of the options.
    """
    if len(options.ssim_weights) != LEVELS:
        raise ValueError(
            f"ssim_weights are {LEVELS} numbers, fine to coarse. Received: ssim_weights={options.ssim_weights}"
        )


def unsupervised_terms(options: Any, batch: dict[str, Tensor], outputs: dict[str, Any]) -> dict[str, Tensor]:
    """The weighted terms of MotionNet's loss per clip `[B]`; those of no weight are left out.

    Args:
        options: with the fields of `Options`.
        batch: with `clip`.
        outputs: with `flows`, fine to coarse.
    """
    return unsupervised_flow_terms(
        batch["clip"],
        outputs["flows"],
        pixel_weights=(options.pixel_weight,) * LEVELS,
        smooth_weights=(options.smooth_weight,) * LEVELS,
        ssim_weights=options.ssim_weights,
        normalisation=options.normalisation,
    )
