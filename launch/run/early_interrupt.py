"""Ctrl-C while a launcher still imports its libraries: one line, as later, in place of the traceback of an import."""

import os
import signal
import sys
from types import FrameType

EXIT_CODE = 130
_LINE = b"error: interrupted before anything was begun\n"
_stderr = -1


def begin() -> None:
    """Watches for Ctrl-C if this process is `python -m launch.NAME`; whoever imports `launch` keeps their own ways."""
    # While `-m` looks for its module, which imports the packages around it, this stands in the place of its name.
    if sys.argv[:1] == ["-m"] and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        global _stderr
        # Imports are made with stderr put aside.
        _stderr = os.dup(2)
        signal.signal(signal.SIGINT, _leave)


def end() -> None:
    """Leaves Ctrl-C to Python again: from here on there is something to finish."""
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.close(_stderr)


def _leave(number: int, frame: FrameType | None) -> None:
    # An exception would pass through whatever is being imported, and some of it makes another one of it.
    os.write(_stderr, _LINE)
    os._exit(EXIT_CODE)
