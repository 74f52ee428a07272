"""A batch of no clips, as the last replica may get, has an empty flow and gradients of zero; a clip has pixels."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from tvnet_keras import TVNet
from tvnet_keras.layers.flow_of_flow import FlowOfFlow
from tvnet_keras.layers.representation_flow import RepresentationFlow
from tvnet_keras.ops.native import native_operations

SHAPE = (3, 12, 10, 3)
LAYERS = {
    "tvnet": lambda **kw: TVNet(iterations=2, **kw),
    "tvnet of two scales": lambda **kw: TVNet(scales=2, warps=2, iterations=2, **kw),
    "tvnet, official": lambda **kw: TVNet(iterations=2, variant="official", **kw),
    "representation flow": lambda **kw: RepresentationFlow(4, 2, **kw),
    "representation flow, paper": lambda **kw: RepresentationFlow(4, 2, variant="paper", **kw),
    "representation flow, released_v1": lambda **kw: RepresentationFlow(4, 2, variant="released_v1", **kw),
    "representation flow, released_v2": lambda **kw: RepresentationFlow(4, 2, variant="released_v2", **kw),
    "flow of flow": lambda **kw: FlowOfFlow(bottleneck=4, iterations=2, **kw),
}
PORTABLE_ONLY = ("representation flow, paper", "representation flow, released_v2")
LAYERS_AND_MODES = [(name, ("portable",) if name in PORTABLE_ONLY else ("portable", "native")) for name in LAYERS]


def step(layer, clip):
    """The layer's answer to a clip and the gradients of the clip and of every weight."""
    with tf.GradientTape() as tape:
        tape.watch(clip)
        answer = layer(clip)
        loss = tf.reduce_sum(answer**2)
    return answer, tape.gradient(loss, [clip, *layer.trainable_variables], unconnected_gradients="zero")


def cases():
    """Every layer in every mode, eager and in a graph; the quick ones of every kind are never left out."""
    quick = [("tvnet", "native", False), ("tvnet", "native", True), ("representation flow", "native", True)]
    for name, modes in LAYERS_AND_MODES:
        for mode in modes:
            for traced in (False, True):
                yield pytest.param(name, mode, traced, marks=() if (name, mode, traced) in quick else pytest.mark.slow)


@pytest.mark.parametrize(("name", "mode", "traced"), list(cases()))
def test_no_clips_have_no_flow_and_gradients_of_zero(name, mode, traced):
    if mode == "native" and native_operations("auto") is None:
        pytest.skip("needs numba (requirements-native.txt)")
    layer = LAYERS[name](mode=mode)
    layer.build((None, *SHAPE))
    run = functools.partial(step, layer)
    if traced:
        run = tf.function(run, input_signature=[tf.TensorSpec((None, *SHAPE))], autograph=False)
    answer, gradients = run(tf.zeros((0, *SHAPE)))
    assert answer.shape == layer.compute_output_shape((0, *SHAPE))
    assert gradients[0].shape == (0, *SHAPE)
    for gradient, weight in zip(gradients[1:], layer.trainable_variables, strict=True):
        assert gradient.shape == weight.shape and not np.any(gradient), weight.name


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("size", [(0, 10), (12, 0), (0, 0)])
def test_frames_without_pixels_are_refused_in_a_sentence(name, size):
    clip = tf.zeros((1, 3, *size, 3))
    with pytest.raises(ValueError, match="needs frames of at least one pixel. Received: shape"):
        LAYERS[name]()(clip)
    layer = LAYERS[name]()
    layer.build((None, *SHAPE))
    with pytest.raises(ValueError, match="needs frames of at least one pixel. Received: shape"):
        layer(clip)
