"""Times many calls side by side, in rounds: what slows the machine down for a while then slows all of them."""

import time
from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

import numpy as np

from launch.run.progress import progress

ROUNDS = 5
TURN_SECONDS = 0.1
"""A call that takes less time than this is repeated for about so long in its turn of a round."""

MOST_CALLS = 10
"""Largest number of calls in a turn."""

SLOW_SECONDS = 0.4
"""A call that takes longer than this has a turn in every second round only."""

Key = TypeVar("Key", bound=Hashable)


def measure(calls: Mapping[Key, Callable[[], object]]) -> dict[Key, list[float]]:
    """Wall-clock seconds of every timed call.

    Args:
        calls: functions without arguments that return when their result is there; each has been called before, so
            that nothing is compiled any more.

    Returns:
        By the same keys, the seconds of every call, in the order in which the calls were made.
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
    """The milliseconds that calls take per pair.

    Args:
        seconds: seconds of every call.
        pairs: number of pairs that one call treats.
        name: the key of the median.

    Returns:
        The median, the `lowest` and the `highest`.
    """
    milliseconds = np.array(seconds) * 1e3 / pairs
    return {
        name: float(np.median(milliseconds)),
        "lowest": float(milliseconds.min()),
        "highest": float(milliseconds.max()),
    }


def _turn(call: Callable[[], object], expected: float) -> list[float]:
    if expected < TURN_SECONDS:
        # The call before has left its own data in the caches, and its threads may still be spinning.
        call()
    return [_seconds(call) for _ in range(min(MOST_CALLS, 1 + int(TURN_SECONDS / expected)))]


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
