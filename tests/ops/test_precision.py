"""No type narrower than float32, and one type for all."""

import numpy as np
import pytest

from tvnet_keras.ops.precision import at_least_float32


@pytest.mark.parametrize(
    ("dtypes", "expected"),
    [
        (["float16"], "float32"),
        (["uint8"], "float32"),
        (["int64", "float16"], "float32"),
        (["float64"], "float64"),
        (["float32", "float64", "bool"], "float64"),
    ],
)
def test_nothing_is_narrower_than_float32_and_all_have_one_type(dtypes, expected):
    found = at_least_float32(*(np.ones(2, dtype) for dtype in dtypes))
    assert [tensor.dtype for tensor in found] == [expected] * len(dtypes)


def test_the_squares_of_halves_do_not_overflow():
    (x,) = at_least_float32(np.float16([6e4]))
    np.testing.assert_allclose(x * x, [np.float32(np.float16(6e4)) ** 2], rtol=1e-6)
