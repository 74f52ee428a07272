"""Bytes become 0..1, floats pass, and half precision never touches either."""

import keras
import numpy as np
import tensorflow as tf

from tests.examples import LayerExample
from tvnet_keras import UnitRange

EXAMPLE = LayerExample(UnitRange, (2, 3, 6, 7, 3))


def test_integers_are_divided_by_255_and_floats_pass():
    np.testing.assert_allclose(UnitRange()(np.array([0, 51, 255], "uint8")), [0, 0.2, 1], rtol=1e-6)
    np.testing.assert_array_equal(UnitRange()(np.float32([0, 0.3, 1])), np.float32([0, 0.3, 1]))


def test_every_byte_survives_mixed_precision():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        levels = UnitRange()(tf.range(256))
    finally:
        keras.config.set_dtype_policy(before)
    assert levels.dtype == "float32"
    np.testing.assert_allclose(levels * 255, np.arange(256), atol=1e-4)
