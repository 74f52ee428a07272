"""Learning flow without labels: the terms of MotionNet's loss, for every method that has them."""

import dataclasses
from typing import Any

from tvnet_keras.losses.normalisation import NORMALISATIONS
from tvnet_keras.losses.unsupervised_flow import SSIM_WEIGHTS, unsupervised_flow_terms
from tvnet_keras.options import option
from tvnet_keras.typing import Tensor

LEVELS = len(SSIM_WEIGHTS)


@dataclasses.dataclass
class Options:
    """Weights of the terms (Zhu et al., ACCV 2018, Eq. 4), and how each is normalised."""

    pixel_weight: float = option(1.0, "Weight of the photometric error, at every resolution.", least=0)
    smooth_weight: float = option(1.0, "Weight of the roughness of the flow, at every resolution.", least=0)
    ssim_weights: tuple[float, ...] = option(
        SSIM_WEIGHTS, "Weights of the structural dissimilarity, fine to coarse.", least=0
    )
    normalisation: str = option(
        "paper",
        "What the terms are: means over what is valid (paper), or as the released code has them (released): errors and "
        "roughness divided by the size of the batch once more, dissimilarity a sum over windows and channels.",
        choices=NORMALISATIONS,
    )


def check_weights(options: Any) -> None:
    """Refuses another number of weights than there are resolutions, and a flow that no term ties to the frames.

    Raises:
        ValueError: of the options.
    """
    weights = options.ssim_weights
    if len(weights) != LEVELS:
        raise ValueError(f"ssim_weights are {LEVELS} numbers, fine to coarse. Received: ssim_weights={weights}")
    if not options.pixel_weight and not any(weights):
        raise ValueError(
            "Without pixel_weight and ssim_weights nothing ties the flow to the frames: give one of them a weight. "
            f"Received: pixel_weight={options.pixel_weight}, ssim_weights={weights}"
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
        pixel_weight=options.pixel_weight,
        smooth_weight=options.smooth_weight,
        ssim_weights=options.ssim_weights,
        normalisation=options.normalisation,
    )
