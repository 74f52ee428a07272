"""Flow between frames that are not neighbours, composed of the flow of the steps in between."""

from collections.abc import Callable

import cv2
import numpy as np

from tvnet_keras.errors import InputError


def steps_between(first: np.ndarray, last: np.ndarray, *, name: str = "the video") -> np.ndarray:
    """The single steps that lead from first frames to last ones; at least one, as fields of no motion have a size, too.

    Args:
        first: int64 `[N]`, frame numbers.
        last: int64 `[N]`, none before its first one.
        name: of the video, for an error.

    Returns:
        The first frames of the steps, int64, rising.

    Raises:
        InputError: a last frame lies before its first one.

    Example:
        >>> steps_between(np.array([0, 4]), np.array([2, 5])).tolist()
        [0, 1, 4]
    """
    if (last < first).any():
        raise InputError(
            f"{name} is shorter than a clip and starts again, but the flow from its last frame to its first one is not "
            "stored: repeat its last frame instead (short=clamp), or take shorter clips."
        )
    steps = [np.arange(start, stop) for start, stop in zip(first, last, strict=True)]
    found = np.unique(np.concatenate(steps)).astype(np.int64)
    return found if len(found) else np.zeros(1, np.int64)


def flow_between(
    read: Callable[[np.ndarray], np.ndarray], first: np.ndarray, last: np.ndarray, *, name: str = "the video"
) -> np.ndarray:
    """The flow from first frames to last ones.

    Args:
        read: of the first frames `[M]` of single steps it gives their flow, float32 `[M, H, W, 2]`, pixels.
        first: int64 `[N]`, frame numbers.
        last: int64 `[N]`, none before its first one; the flow from a frame to itself is zero.
        name: of the video, for an error.

    Returns:
        float32 `[N, H, W, 2]`, pixels.

    Raises:
        InputError: a last frame lies before its first one.
    """
    steps = steps_between(first, last, name=name)
    fields = read(steps)
    place = {int(step): number for number, step in enumerate(steps)}
    return np.stack(
        [
            compose([fields[place[step]] for step in range(start, stop)]) if stop > start else np.zeros_like(fields[0])
            for start, stop in zip(first.tolist(), last.tolist(), strict=True)
        ]
    )


def compose(steps: list[np.ndarray]) -> np.ndarray:
    """The flow over several steps, from that of each: F(x) = f_1(x) + f_2(x + f_1(x)) + ...

    Vectors are interpolated bilinearly; beyond the frame the nearest one is taken.

    Args:
        steps: float32 `[H, W, 2]`, pixels, in the order of time.

    Returns:
        float32 `[H, W, 2]`, pixels.

    Example:
        >>> compose([np.full((4, 5, 2), 0.5, "float32")] * 3)[0, 0].tolist()
        [1.5, 1.5]
    """
    total = steps[0]
    height, width = total.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    for step in steps[1:]:
        # OpenCV rounds the positions to 1/32 pixel, which changes far less than the 8 bits that stored flow has.
        across, down = x + total[..., 0], y + total[..., 1]
        total = total + cv2.remap(step, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return total
