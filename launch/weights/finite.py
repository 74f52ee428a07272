"""Weights from elsewhere are finite numbers in floating point."""

from collections.abc import Mapping

import numpy as np

from tvnet_keras.errors import InputError


def require_finite(values: Mapping[str, np.ndarray], source: str) -> None:
    """Refuses weights that no network has learned.

    Args:
        values: weights by the names that they have in the file.
        source: the file's name, for errors.

    Raises:
        InputError: a weight is not in floating point, or has values that are NaN or infinite.
    """
    for name, value in values.items():
        if value.dtype.kind != "f":
            raise InputError(
                f"--weights={source}: {name} holds numbers of type {value.dtype}, which are no weights; save the "
                "network in floating point."
            )
        if not np.isfinite(value).all():
            wrong = int((~np.isfinite(value)).sum())
            raise InputError(
                f"--weights={source}: {name} is NaN or infinite in {wrong} of {value.size} values; the network has "
                "diverged, so take an earlier file."
            )
