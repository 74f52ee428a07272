"""Runs what a process does not survive in one of its own."""

import multiprocessing
import os
from collections.abc import Callable

from tests.launch.start import LIBRARIES, SECONDS


def in_own_process(function: Callable[..., None], *arguments) -> None:
    """Calls a function of a module in another process, and fails if it fails there.

    Args:
        function: found by its name.
        *arguments: that can be pickled.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LIBRARIES)
    process = context.Process(target=_call, args=(function, arguments))
    process.start()
    process.join(SECONDS)
    assert process.exitcode == 0, f"{function.__name__}{arguments} ended with {process.exitcode}: see its output"


def _call(function: Callable[..., None], arguments: tuple) -> None:
    function(*arguments)
    # Without what libraries do at a process's end, which may be more than they survive.
    os._exit(0)
