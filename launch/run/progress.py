"""Progress on the console: on a terminal a bar with rate and time left, in a log a line now and then."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

LINE_EVERY_S = 10.0
"""Least number of seconds between the lines of a log."""


@contextmanager
def progress(description: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    """Yields a callback `(done, total)` that shows how far the work is.

    Args:
        description: what is being done.
        unit: what is counted, for the rate (`"clips"`).
    """
    console = Console(stderr=True)
    if console.is_terminal:
        with _bar(console, unit) as bar:
            task = bar.add_task(description, total=None, rate=0.0)
            start = time.monotonic()
            yield lambda done, total: bar.update(
                task, completed=done, total=total, rate=done / max(time.monotonic() - start, 1e-9)
            )
    else:
        yield _lines(console, description, unit)


def _bar(console: Console, unit: str) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:.1f} " + unit + "/s"),
        TimeRemainingColumn(),
        console=console,
    )


def _lines(console: Console, description: str, unit: str) -> Callable[[int, int], None]:
    start = last = time.monotonic()
    shown = 0

    def show(done: int, total: int) -> None:
        nonlocal last, shown
        now = time.monotonic()
        if done == shown or (now - last < LINE_EVERY_S and done < total):
            return
        last, shown = now, done
        rate = done / max(now - start, 1e-9)
        left = clock((total - done) / max(rate, 1e-9))
        console.print(f"{description}: {done}/{total}, {rate:.1f} {unit}/s, {left} left", highlight=False)

    return show


def clock(seconds: float) -> str:
    """Seconds as `m:ss` or `h:mm:ss`."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"
