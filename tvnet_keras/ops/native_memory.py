"""Memory of the native kernels' results and scratch space, used again when nothing refers to it any more.

Fresh pages of large arrays cost the system as much time as the iterations that would fill them.
"""

import math
import threading
import weakref

import numpy as np

CACHE_LINE = 64
_free: list[np.ndarray] = []
# Blocks come back while the lock is held, too: a finalizer runs wherever the last reference dies. It only appends.
_lock = threading.Lock()


def borrow(shape: tuple[int, ...]) -> np.ndarray:
    """An uninitialised float32 array on a cache line: vectors do not straddle lines and TensorFlow need not copy.

    Its memory is lent again once the array and all its views are gone.
    """
    size = math.prod(shape)
    block = _fitting(size + CACHE_LINE // 4)
    offset = -block.ctypes.data % CACHE_LINE
    # A view's base skips plain arrays up to the owner; a memoryview between makes it stop at `flat`.
    flat = np.frombuffer(memoryview(block), np.float32, size, offset)
    weakref.finalize(flat, _free.append, block).atexit = False
    return flat.reshape(shape)


def _fitting(size: int) -> np.ndarray:
    """The smallest free block with room for `size` floats and not twice as many, else a new one."""
    with _lock:
        places = [place for place, block in enumerate(_free) if size <= block.size <= 2 * size]
        if places:
            return _free.pop(min(places, key=lambda place: _free[place].size))
    return np.empty(size, np.float32)
