"""A network on every step equals the network on each step alone; training reaches the network inside."""

import keras
import numpy as np

from tests.examples import LayerExample
from tvnet_keras import PerStep

EXAMPLE = LayerExample(lambda: PerStep(keras.layers.Conv2D(4, 3)), (2, 3, 6, 7, 2))
STEPS = np.random.default_rng(0).normal(size=(2, 3, 6, 7, 2)).astype("float32")


def test_every_step_is_seen_alone():
    network = keras.Sequential([keras.layers.Conv2D(4, 3), keras.layers.GlobalAveragePooling2D()])
    result = keras.ops.convert_to_numpy(PerStep(network)(STEPS))
    assert result.shape == (2, 3, 4)
    for t in range(3):
        np.testing.assert_allclose(result[:, t], network(STEPS[:, t]), atol=1e-6)


def test_weights_of_the_network_are_the_layers():
    layer = PerStep(keras.layers.Conv2D(4, 3))
    layer.build(STEPS.shape)
    assert [weight.shape for weight in layer.trainable_weights] == [(3, 3, 2, 4), (4,)]


def test_training_mode_reaches_the_network():
    layer = PerStep(keras.layers.Dropout(0.5, seed=0))
    np.testing.assert_array_equal(layer(STEPS, training=False), STEPS)
    assert (keras.ops.convert_to_numpy(layer(STEPS, training=True)) == 0).mean() > 0.3


def test_batch_normalisation_sees_all_steps():
    result = keras.ops.convert_to_numpy(PerStep(keras.layers.BatchNormalization())(STEPS, training=True))
    np.testing.assert_allclose(result.mean((0, 1, 2, 3)), 0, atol=1e-5)
