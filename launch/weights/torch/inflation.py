"""2D kernels for networks of clips."""

import numpy as np


def inflate(kernel: np.ndarray, frames: int) -> np.ndarray:
    """Repeats a 2D kernel over time and divides by the number of repetitions.

    On a clip that stands still the result answers as the 2D kernel does on one frame (away from the clip's ends, where
    time is zero-padded).

    Args:
        kernel: `[h, w, I, O]`.
        frames: t, the kernel's extent in time.

    Returns:
        `[t, h, w, I, O]`.

    Reference:
        Carreira & Zisserman, "Quo Vadis, Action Recognition?", CVPR 2017.
    """
    return np.repeat(kernel[None], frames, axis=0) / frames
