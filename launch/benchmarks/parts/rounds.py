"""Times many calls side by side: in rounds, so that what slows the machine down for a while slows all of them."""

import time
from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

import numpy as np

from launch.run.progress import progress

ROUNDS = 5
TURN_SECONDS = 0.1
"""A turn repeats a faster call for about this long (at most `MOST_CALLS` times) ..."""

MOST_CALLS = 10
SLOW_SECONDS = 0.4
"""... and a slower call than this has a turn in every second round only."""

Key = TypeVar("Key", bound=Hashable)


def measure(calls: Mapping[Key, Callable[[], object]]) -> dict[Key, list[float]]:
    """Wall-clock seconds of every timed call.

    Args:
        calls: functions without arguments that return when their result is there; each has been called before, so
            that nothing is compiled any more.

    Returns:
        Under the same keys the seconds of every call, in the order in which they were made.
    """
    expected = {key: _seconds(call) for key, call in calls.items()}
    measured: dict[Key, list[float]] = {key: [] for key in calls}
    with progress("measuring", "rounds") as show:
        for number in range(ROUNDS):
            for key, call in calls.items():
                if number % 2 == 0 or expected[key] <= SLOW_SECONDS:
                    measured[key] += _turn(call, expected[key])
            show(number + 1, ROUNDS)
    return measured


def summary(seconds: list[float], pairs: int = 1, name: str = "ms_per_pair") -> dict[str, float]:
    """Median (under `name`), lowest and highest milliseconds per pair of calls that treat `pairs` pairs each."""
    milliseconds = np.array(seconds) * 1e3 / pairs
    return {
        name: float(np.median(milliseconds)),
        "lowest": float(milliseconds.min()),
        "highest": float(milliseconds.max()),
    }


def _turn(call: Callable[[], object], expected: float) -> list[float]:
    if expected < TURN_SECONDS:
        # The contestant before has left the caches full of its own data, and its threads may still be spinning.
        call()
    return [_seconds(call) for _ in range(min(MOST_CALLS, 1 + int(TURN_SECONDS / expected)))]


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
