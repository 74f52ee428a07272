"""The classical solvers beside TVNet, and the yardstick: the one with which everything is compared."""

from collections.abc import Callable

import cv2
import numpy as np

from tvnet_keras.flow import solvers

THREADS = 2
YARDSTICK = "OpenCV TV-L1 1-1-50"
CONSTRUCTION = (
    "DualTVL1OpticalFlow_create(nscales=1, warps=1, innerIterations=50, outerIterations=1, epsilon=0, "
    f"medianFiltering=1) on 8-bit grey frames, cv2.setNumThreads({THREADS})"
)
USUAL_YARDSTICK_MS = (70.0, 120.0)
"""The yardstick's time on two idle cores; outside this range the machine is another or busy, and ratios say less."""

OTHER_SOLVERS = {
    "OpenCV TV-L1 5-5-50": "tvl1-5-5-50",
    "OpenCV TV-L1, defaults": "tvl1",
    "OpenCV DIS": "dis",
    "OpenCV DeepFlow": "deepflow",
    "OpenCV Farneback": "farneback",
    "scikit-image TV-L1": "skimage-tvl1",
}
"""By its name in the table, the name of each other solver in `tvnet_keras.flow.solvers`."""


def yardstick(frames: np.ndarray) -> Callable[[], np.ndarray]:
    """OpenCV's TV-L1 with exactly 50 iterations on one pair.

    Args:
        frames: uint8 `[2, H, W, 3]`, RGB.

    Raises:
        InputError: OpenCV was installed without its contributed modules.
    """
    # Raises the sentence about an OpenCV without its contributed modules.
    solvers.make_solver("tvl1")
    # OpenCV's annotations leave out its contributed modules.
    method = cv2.optflow.DualTVL1OpticalFlow_create()  # pyright: ignore[reportAttributeAccessIssue]
    method.setScalesNumber(1)
    method.setWarpingsNumber(1)
    method.setInnerIterations(50)
    method.setOuterIterations(1)
    method.setEpsilon(0)
    method.setMedianFiltering(1)
    first, second = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames)
    return lambda: method.calc(first, second, None)


def other_solver(name: str, frames: np.ndarray) -> Callable[[], np.ndarray]:
    """A solver of `OTHER_SOLVERS` on one pair, called as launch.flow does.

    Args:
        name: the solver's name in the table.
        frames: uint8 `[2, H, W, 3]`, RGB.

    Raises:
        InputError: a package that the solver needs is not installed.
    """
    solve = solvers.make_solver(OTHER_SOLVERS[name])
    return lambda: solve(frames)


def yardstick_note(milliseconds: float) -> str:
    """A sentence with the yardstick's absolute time, and a warning where it is unusual."""
    low, high = USUAL_YARDSTICK_MS
    text = f"{YARDSTICK} took {milliseconds:.1f} ms"
    if low <= milliseconds <= high:
        return f"{text}, within the usual {low:.0f}-{high:.0f} ms of two idle cores."
    return (
        f"{text}, outside the usual {low:.0f}-{high:.0f} ms of two idle cores: "
        "the machine is busy or another, so compare the ratios with care."
    )
