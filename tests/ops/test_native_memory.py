"""Memory is lent again, and never while somebody still looks at it."""

import gc

import numpy as np
import pytest

pytest.importorskip("numba", reason="needs numba (requirements-native.txt)")
from tvnet_keras.ops import native_memory  # noqa: E402


def test_memory_comes_back_only_when_the_last_view_is_gone(monkeypatch):
    monkeypatch.setattr(native_memory, "_free", [])
    array = native_memory.borrow((3, 1000))
    array[:] = 7
    view = array[1, 10:20].reshape(2, 5)
    del array
    gc.collect()
    assert not native_memory._free
    other = native_memory.borrow((3, 1000))
    other[:] = 0
    np.testing.assert_array_equal(view, 7)
    del view
    gc.collect()
    assert len(native_memory._free) == 1


def test_arrays_start_on_a_cache_line():
    assert all(native_memory.borrow((n,)).ctypes.data % native_memory.CACHE_LINE == 0 for n in (1, 17, 1000))
