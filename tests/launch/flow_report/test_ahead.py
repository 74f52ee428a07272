"""Items made ahead of time are the same ones, and no thread outlives whoever asked for them."""

import threading
import time

import pytest

from launch.flow_report.ahead import ahead


def test_items_come_in_order_with_the_error_where_it_happened():
    def items():
        yield from range(5)
        raise ValueError("the sixth")

    taken = []
    with pytest.raises(ValueError, match="the sixth"):
        for item in ahead(items()):
            taken.append(item)
    assert taken == [0, 1, 2, 3, 4]


def test_only_so_many_are_made_ahead():
    made = []

    def items():
        for number in range(100):
            made.append(number)
            yield number

    waiting = ahead(items(), most=2)
    assert next(waiting) == 0
    time.sleep(0.3)
    # The one that is in use, two that wait, and the one that finds no place.
    assert made == [0, 1, 2, 3]
    waiting.close()


def test_whoever_ends_early_ends_the_thread_and_closes_the_generator():
    closed = threading.Event()

    def items():
        try:
            yield from range(100)
        finally:
            closed.set()

    before = threading.active_count()
    waiting = ahead(ahead(items()))
    next(waiting)
    waiting.close()
    assert closed.is_set() and threading.active_count() == before
