"""TV-L1 of scikit-image (Wedel et al. 2009)."""

import numpy as np

from tvnet_keras.errors import InputError
from tvnet_keras.flow.solvers.parts.solver import Solver, grey_pair, require_size

FORMS = ("skimage-tvl1",)


def make(numbers: tuple[int, ...]) -> Solver:
    """scikit-image's TV-L1 with its defaults.

    Raises:
        InputError: scikit-image is not installed.
    """
    try:
        # Optional.
        from skimage.registration import optical_flow_tvl1  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise InputError("The solver 'skimage-tvl1' needs an optional package: pip install scikit-image.") from error

    def solve(frames: np.ndarray) -> np.ndarray:
        require_size("skimage-tvl1", frames, 2)
        # Its attachment belongs to images in 0..1; it returns (row, column) displacements.
        first, second = (grey.astype(np.float32) / 255 for grey in grey_pair(frames))
        return np.stack(optical_flow_tvl1(first, second)[::-1], axis=-1)

    return solve
