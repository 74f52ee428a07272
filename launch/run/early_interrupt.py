"""Ctrl-C while a launcher still imports its libraries: one line, as later on, instead of the traceback of an import."""

import os
import signal
import sys
from types import FrameType

EXIT_CODE = 130
_LINE = b"error: interrupted before anything was begun\n"
_stderr = -1


def begin() -> None:
    """Watches for Ctrl-C if this process is `python -m launch.NAME`; a program that imports `launch` is left alone."""
    # While `-m` looks for its module, which imports the packages around it, "-m" stands in place of the module's name.
    if sys.argv[:1] == ["-m"] and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        global _stderr
        # While libraries are imported, stderr is put aside.
        _stderr = os.dup(2)
        signal.signal(signal.SIGINT, _leave)


def end() -> None:
    """Leaves Ctrl-C to Python again: from here on there is something to finish."""
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.close(_stderr)


def _leave(number: int, frame: FrameType | None) -> None:
    # An exception would pass through whatever is being imported, and some libraries turn it into another one.
    os.write(_stderr, _LINE)
    os._exit(EXIT_CODE)
