"""Work that is done ahead of time, in a thread of its own, so that reading, computing and writing go side by side."""

import contextlib
import queue
import threading
from collections.abc import Generator
from typing import TypeVar

Item = TypeVar("Item")

_LOOK_S = 0.1
"""Seconds after which a thread that has nowhere to put its item looks whether anybody still waits for it."""


def ahead(items: Generator[Item, None, None], most: int = 2) -> Generator[Item, None, None]:
    """The same items in the same order, made by a thread while earlier ones are still in use.

    An error of the generator is raised where its item is asked for. When the caller ends, for whatever reason, the
    generator is closed, after the item that it is just making.

    Args:
        items: a generator, which then belongs to the thread.
        most: largest number of items that wait to be asked for.

    Yields:
        The items.

    Example:
        >>> list(ahead(number**2 for number in range(4)))
        [0, 1, 4, 9]
    """
    waiting: queue.Queue[tuple[Item] | BaseException | None] = queue.Queue(most)
    ended = threading.Event()

    def put(entry: tuple[Item] | BaseException | None) -> None:
        while not ended.is_set():
            with contextlib.suppress(queue.Full):
                waiting.put(entry, timeout=_LOOK_S)
                return

    def make() -> None:
        try:
            with contextlib.closing(items):
                for item in items:
                    put((item,))
                    if ended.is_set():
                        return
            put(None)
        except BaseException as error:
            put(error)

    thread = threading.Thread(target=make, daemon=True)
    thread.start()
    try:
        while (entry := waiting.get()) is not None:
            if isinstance(entry, BaseException):
                raise entry
            yield entry[0]
            del entry
    finally:
        ended.set()
        thread.join()
