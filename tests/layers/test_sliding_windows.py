"""Windows hold neighbouring steps in order, channels of one step together."""

import keras
import numpy as np
import pytest

from tests.examples import LayerExample
from tvnet_keras import SlidingWindows

EXAMPLE = LayerExample(lambda: SlidingWindows(2), (2, 3, 6, 7, 2))
STEPS = np.arange(5 * 2, dtype="float32").reshape(1, 5, 1, 1, 2)


def test_channels_are_u1_v1_u2_v2():
    windows = keras.ops.convert_to_numpy(SlidingWindows(3)(STEPS))
    np.testing.assert_array_equal(windows[0, :, 0, 0], [[0, 1, 2, 3, 4, 5], [2, 3, 4, 5, 6, 7], [4, 5, 6, 7, 8, 9]])


def test_as_many_steps_as_the_window_give_one():
    np.testing.assert_array_equal(SlidingWindows(5)(STEPS)[0, 0, 0, 0], np.arange(10))


@pytest.mark.parametrize("clip", [STEPS, keras.Input((5, 1, 1, 2))], ids=["eager", "building a model"])
def test_too_few_steps_name_both_lengths(clip):
    with pytest.raises(ValueError, match="at least 6 steps. Received: 5"):
        SlidingWindows(6)(clip)


def test_a_window_of_nothing_is_refused():
    with pytest.raises(ValueError, match="length=0"):
        SlidingWindows(0)
