"""Holds a measurement to a few cores, so that all solvers have the same, whatever threads they start."""

import contextlib
import os
from collections.abc import Iterator

import cv2

BUSY_LOAD = 0.5
"""Load average beyond which a machine is not idle."""


@contextlib.contextmanager
def limited_cores(count: int) -> Iterator[int]:
    """A context in which this process, its children and OpenCV use at most `count` cores.

    TensorFlow counts the cores when it first computes, so the context must be entered before that.

    Yields:
        The number of cores that may be used: fewer where the machine has fewer, all where the system cannot limit
        them.
    """
    before = cv2.getNumThreads()
    cv2.setNumThreads(count)
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_setaffinity") else None
    if cores:
        os.sched_setaffinity(0, sorted(cores)[:count])
    try:
        yield min(count, len(cores)) if cores else os.cpu_count() or 1
    finally:
        cv2.setNumThreads(before)
        if cores:
            os.sched_setaffinity(0, cores)


def busy_notes(load: float) -> list[str]:
    """A warning, if the load average from before the run is that of a busy machine."""
    if load <= BUSY_LOAD:
        return []
    return [f"The machine was busy when the run began (load {load:.1f}); an idle one gives steadier numbers."]
