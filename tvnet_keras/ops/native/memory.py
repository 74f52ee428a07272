"""Memory for the results and the scratch space of the native kernels, used again when nothing refers to it any more.

Fresh pages of large arrays cost the system as much time as the iterations that would fill them.
"""

import math
import threading
import weakref

import numpy as np

CACHE_LINE = 64
TIMES_PEAK = 2
"""The pool, with lent and free blocks together, holds at most so many times what was lately lent at one time."""

REMEMBERED_LOANS = 1024
"""The least number of loans that "lately" looks back; a training step takes a few hundred."""


class Pool:
    """Blocks of float32 that are lent again and again, and given back to the system when they are too many.

    Equal steps find all their blocks again. Growing sizes, or one large clip among small ones, would leave one block
    each for good. Therefore the blocks that were free for the longest time go, until all blocks together hold no more
    than `TIMES_PEAK` times the largest sum of blocks that were lent at one time during the last `REMEMBERED_LOANS` to
    2 `REMEMBERED_LOANS` loans.
    """

    def __init__(self) -> None:
        self.free: list[np.ndarray] = []
        # Blocks come back while the lock is held, too: a finalizer runs wherever the last reference dies. Finalizers
        # only append to `free`, so what is lent is always the difference between all blocks and the free blocks.
        self._lock = threading.Lock()
        self._total = 0
        self._loans = self._peak = self._earlier_peak = 0

    def borrow(self, shape: tuple[int, ...]) -> np.ndarray:
        """An uninitialised float32 array on a cache line: vectors do not straddle lines and TensorFlow need not copy.

        Its memory is lent again once the array and all its views are gone.
        """
        size = math.prod(shape)
        block = self._fitting(size + CACHE_LINE // 4)
        offset = -block.ctypes.data % CACHE_LINE
        # The base of a view skips plain arrays up to the owner of the memory; a memoryview makes it stop at `flat`.
        flat = np.frombuffer(block.data, np.float32, size, offset)
        weakref.finalize(flat, self.free.append, block).atexit = False
        return flat.reshape(shape)

    def _fitting(self, size: int) -> np.ndarray:
        """The smallest free block with room for `size` floats and not twice as many, else a new one."""
        with self._lock:
            places = [place for place, block in enumerate(self.free) if size <= block.size <= 2 * size]
            found = [self.free.pop(min(places, key=lambda place: self.free[place].size))] if places else []
            self._shrink(0 if found else size)
            if not found:
                found = [np.empty(size, np.float32)]
                self._total += size
        return found[0]

    def _shrink(self, wanted: int) -> None:
        """Gives back the blocks that were free for longest, beyond what is allowed with `wanted` floats to come."""
        lent = self._total - sum(block.size for block in self.free) + wanted
        self._peak = max(self._peak, lent)
        allowed = TIMES_PEAK * max(self._peak, self._earlier_peak)
        while self._total + wanted > allowed and self.free:
            self._total -= self.free.pop(0).size
        self._loans += 1
        if self._loans % REMEMBERED_LOANS == 0:
            self._earlier_peak, self._peak = self._peak, lent


borrow = Pool().borrow
