"""Memory of the native kernels' results and scratch space, used again when nothing refers to it any more.

Fresh pages of large arrays cost the system as much time as the iterations that would fill them.
"""

import math
import threading
import weakref

import numpy as np

CACHE_LINE = 64
SPARE = 2
"""Blocks, lent and free, hold at most so many times what was lately lent at once."""
WINDOW = 1024
"""Loans that "lately" looks back at least; a training step takes a few hundred."""


class Pool:
    """Blocks of float32 that are lent again and again, and given back to the system when they are too many.

    Equal steps find all their blocks again. Sizes that grow, or one large clip among small ones, would otherwise leave
    a block each for good: the blocks that were free for longest go until all hold no more than `SPARE` times the
    largest sum of blocks that were lent at one time during the last `WINDOW` to 2 `WINDOW` loans.
    """

    def __init__(self) -> None:
        self.free: list[np.ndarray] = []
        # Blocks come back while the lock is held, too: a finalizer runs wherever the last reference dies. It only
        # appends, so what is lent is the difference of what there is and what is free.
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
        # A view's base skips plain arrays up to the owner; a memoryview between makes it stop at `flat`.
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
        allowed = SPARE * max(self._peak, self._earlier_peak)
        while self._total + wanted > allowed and self.free:
            self._total -= self.free.pop(0).size
        self._loans += 1
        if self._loans % WINDOW == 0:
            self._earlier_peak, self._peak = self._peak, lent


borrow = Pool().borrow
