"""Convolutions by plain sums, for tests that must not ask the network what it computes."""

import numpy as np


def same_padded(features: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """What networks call a convolution, zeros outside: `[..., H, W, C]` by `[rows, columns, C, C']`, both odd."""
    rows, columns = kernel.shape[:2]
    height, width = features.shape[-3:-1]
    margins = [(0, 0)] * (features.ndim - 3) + [(rows // 2, rows // 2), (columns // 2, columns // 2), (0, 0)]
    padded = np.pad(features, margins)
    return sum(padded[..., i : i + height, j : j + width, :] @ kernel[i, j] for i, j in np.ndindex(rows, columns))
