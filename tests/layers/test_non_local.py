import numpy as np
import pytest
from keras import ops

from tests.examples import LayerExample
from tvnet_keras.layers.non_local import NonLocal

EXAMPLE = LayerExample(NonLocal, (2, 3, 6, 7, 2))


def features(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def attention(layer, x):
    """The block in float64 NumPy, from the paper's equations 2, 5 and 6, without subsampling."""
    weights = {
        weight.path.split("/", 1)[-1]: ops.convert_to_numpy(weight).astype("float64") for weight in layer.weights
    }
    flat = x.astype("float64").reshape(len(x), -1, x.shape[-1])
    theta, phi, g = (flat @ weights[f"{name}/kernel"] + weights[f"{name}/bias"] for name in ("theta", "phi", "g"))
    affinity = np.exp(theta @ phi.swapaxes(1, 2))
    y = affinity / affinity.sum(axis=2, keepdims=True) @ g
    normalised = (y @ weights["project/kernel"] + weights["project/bias"]) / np.sqrt(1 + 1e-5)
    return (flat + normalised * weights["norm/gamma"] + weights["norm/beta"]).reshape(x.shape)


# The product of four axes, one of them of size 1, by a matrix is wrong in TensorFlow, and Keras's own before 3.15.
@pytest.mark.parametrize(
    "shape", [(2, 3, 4, 5, 6), (2, 4, 5, 6), (8, 1, 16, 6)], ids=["clip", "images", "images of one row"]
)
def test_it_is_the_papers_embedded_gaussian(shape):
    layer = NonLocal(subsample=False, name="block")
    layer.build(shape)
    for weight in layer.weights[:-2]:  # all but the moving statistics
        weight.assign(features(weight.shape, seed=1))
    x = features(shape)
    np.testing.assert_allclose(layer(x), attention(layer, x), rtol=1e-4, atol=1e-4)


def test_it_starts_as_the_identity():
    x = features((1, 2, 5, 3, 4))
    np.testing.assert_array_equal(NonLocal()(x), x)


def test_subsampling_changes_nothing_where_four_neighbours_are_equal():
    x = features((2, 3, 2, 4, 6)).repeat(2, axis=2).repeat(2, axis=3)
    full, sampled = NonLocal(subsample=False), NonLocal()
    full.build(x.shape), sampled.build(x.shape)
    weights = [features(weight.shape, seed=1) ** 2 for weight in full.weights]
    full.set_weights(weights), sampled.set_weights(weights)
    np.testing.assert_allclose(sampled(x), full(x), rtol=1e-4)
    different = features((2, 3, 4, 8, 6))
    assert np.abs(sampled(different) - full(different)).max() > 1e-2
