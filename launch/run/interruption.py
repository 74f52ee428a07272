"""Ctrl-C while a training takes its steps: the step is finished and saved; a second one ends the process at once."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_NOTICE = b"\nCtrl-C: the last step will be saved; once more ends at once, without saving.\n"
_STDERR = 2


class Interrupted(KeyboardInterrupt):
    """A training that was stopped; its text is the sentence that says where it goes on."""


class Interruption:
    """A context in which Ctrl-C is noted, so that whoever works in it can stop where nothing is lost.

    Whoever has another way with Ctrl-C keeps it: a shell's `nohup`, a program that uses the launchers as a library, a
    thread of one.

    Attributes:
        asked: whether Ctrl-C was pressed.
    """

    def __init__(self) -> None:
        self.asked = False
        self._breaks = False
        self._before: Any = None

    def __enter__(self) -> "Interruption":
        """Watches for Ctrl-C."""
        in_main_thread = threading.current_thread() is threading.main_thread()
        if in_main_thread and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        """Leaves Ctrl-C to whom it belonged."""
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    @contextmanager
    def breaking(self) -> Iterator[None]:
        """A context for what may be left undone: Ctrl-C ends it, and is noted."""
        self._breaks = True
        try:
            yield
        except KeyboardInterrupt:
            self.asked = True
        finally:
            self._breaks = False

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        # From here on the kernel ends the process, also where a library would not return to Python for long.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.write(_STDERR, _NOTICE)
        if self._breaks:
            raise KeyboardInterrupt
