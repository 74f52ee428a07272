"""Letting a program end while tf.data still calls Python.

A dataset goes on filling its buffers after the last batch that is used. A call into Python that falls into the end of
the interpreter kills the process ("terminate called without an active exception") or hangs it. So when the program
ends, running calls are waited for and later ones are refused at once, until the buffers are full and no more come.
"""

import atexit
import threading
import time
from collections.abc import Callable
from typing import Any

QUIET_SECONDS = 0.1
"""After so many seconds without a call the buffers are full: refused calls follow each other within milliseconds."""

MOST_SECONDS = 10.0
"""Largest number of seconds that ending takes, whatever happens."""


class _Calls:
    """The calls of tf.data into Python that are running now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running = 0
        self._last = -QUIET_SECONDS
        self._ending = False

    def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        with self._lock:
            self._running += 1
        try:
            if self._ending:
                raise StopIteration
            return function(*arguments)
        finally:
            with self._lock:
                self._running -= 1
                self._last = time.monotonic()

    def end(self) -> None:
        self._ending = True
        limit = time.monotonic() + MOST_SECONDS
        while time.monotonic() < limit:
            with self._lock:
                if self._running == 0 and time.monotonic() - self._last >= QUIET_SECONDS:
                    return
            time.sleep(QUIET_SECONDS / 10)


_calls = _Calls()
atexit.register(_calls.end)


def ends_quietly(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function for `tf.numpy_function` that does not outlive the interpreter.

    Args:
        function: a function of arrays that returns arrays.

    Returns:
        The same function; while the program ends it raises `StopIteration`, TensorFlow's end of a sequence.
    """

    def guarded(*arguments: Any) -> Any:
        return _calls.run(function, *arguments)

    return guarded
