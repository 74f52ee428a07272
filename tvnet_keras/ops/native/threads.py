"""Shares out the native kernels' work among threads."""

import contextlib
import functools
import itertools
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import tensorflow as tf

SMALLEST_BAND = 32
"""The least number of rows in a band."""

CHUNKS_PER_THREAD = 4
"""Pieces of work per thread, so that threads that finish early find more."""


@functools.cache
def threads() -> int:
    """Number of threads that the kernels use: TensorFlow's setting, else the cores that this process may run on."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return tf.config.threading.get_intra_op_parallelism_threads() or available


def split(images: int) -> list[tuple[int, int]]:
    """`(first, last + 1)` image of every piece of work."""
    return _cuts(images, min(images, CHUNKS_PER_THREAD * threads()))


def bands(images: int, height: int) -> list[tuple[int, int]]:
    """`(first, last + 1)` row of every band of an image; a single band where there are images for all threads."""
    return _cuts(height, max(1, min(-(-threads() // max(images, 1)), height // SMALLEST_BAND)))


def shares(images: int, height: int) -> list:
    """`((first, last + 1) image, (first, last + 1) row)` of every piece of work."""
    return list(itertools.product(split(images), bands(images, height)))


def parallel(run: Callable, work: list[tuple]) -> None:
    """Calls `run(*arguments)` for every piece of work, on all threads.

    The caller works too, so that callers that keep the pool busy cannot block one another.

    Args:
        run: the function to call.
        work: the arguments of every call.
    """
    queue = deque(work)

    def drain():
        with contextlib.suppress(IndexError):
            while True:
                arguments = queue.popleft()
                run(*arguments)

    helpers = [_pool().submit(drain) for _ in range(min(threads(), len(work)) - 1)]
    drain()
    for helper in helpers:
        if not helper.cancel():
            helper.result()


def _cuts(length: int, parts: int) -> list[tuple[int, int]]:
    cuts = [length * part // parts for part in range(parts + 1)] if parts else []
    return list(itertools.pairwise(cuts))


@functools.cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=threads(), thread_name_prefix="tvnet-native")
