"""Memory is lent again, never while somebody still looks at it, and given back where it is no longer needed."""

import gc

import numpy as np
import pytest

pytest.importorskip("numba", reason="needs numba (requirements-native.txt)")
from tvnet_keras.ops.native import memory


@pytest.fixture
def pool():
    return memory.Pool()


def free_floats(pool):
    gc.collect()
    return sum(block.size for block in pool.free)


def blocks_lent_together(pool, sizes):
    """Borrows arrays of all sizes at one time, lets them go, and says whose memory they had."""
    arrays = [pool.borrow((size,)) for size in sizes]
    return {id(array.base.base.obj) for array in arrays}


def test_memory_comes_back_only_when_the_last_view_is_gone(pool):
    array = pool.borrow((3, 1000))
    array[:] = 7
    view = array[1, 10:20].reshape(2, 5)
    del array
    gc.collect()
    assert not pool.free
    other = pool.borrow((3, 1000))
    other[:] = 0
    np.testing.assert_array_equal(view, 7)
    del view
    gc.collect()
    assert len(pool.free) == 1


def test_arrays_start_on_a_cache_line():
    assert all(memory.borrow((n,)).ctypes.data % memory.CACHE_LINE == 0 for n in (1, 17, 1000))


@pytest.mark.parametrize("together", [1, 5])
def test_memory_is_bounded_over_1000_growing_sizes(pool, together):
    for size in range(21, 21_021, 21):
        blocks_lent_together(pool, [size] * together)
    needed = together * (21_000 + memory.CACHE_LINE)
    assert needed / 2 < free_floats(pool) <= memory.TIMES_PEAK * needed


def test_equal_steps_of_two_phases_find_every_block_again(pool):
    def step():
        return blocks_lent_together(pool, [1000] * 6) | blocks_lent_together(pool, [300, 700, 5000])

    first = step()
    assert all(step() == first for _ in range(1000))


def test_the_memory_of_one_large_clip_is_given_back_in_the_end(pool):
    pool.borrow((1_000_000,))
    assert free_floats(pool) > 1_000_000
    for _ in range(2 * memory.REMEMBERED_LOANS):
        pool.borrow((1000,))
    assert free_floats(pool) < 3000
