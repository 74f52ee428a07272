"""TVNet whose gradient does not go through the flow by which frames are warped: an option that is off by default."""

import numpy as np
import pytest
import tensorflow as tf

from tests import oracle
from tests.layers import rough_flow
from tests.layers.rough_flow import CLIP, LEARN, check_gradients, flow_and_gradients, loss_of, weights_of
from tvnet_keras import TVNet


def built(**arguments):
    # With this start rounding chooses no other median.
    return rough_flow.built((2, 3, 5), 1, **arguments)


@pytest.mark.parametrize("median", [0, 3])
@pytest.mark.parametrize("mode", ["auto", pytest.param("portable", marks=pytest.mark.slow)])
def test_the_gradients_are_finite_differences_with_the_data_terms_held(mode, median):
    layer = built(mode=mode, median=median, detach_warps=True)
    start, held = [weight.numpy().astype(float) for weight in weights_of(layer)], {}

    def loss(u0, kernels, lambda_):
        frames, constants = np.asarray(CLIP[0], float) * 255, (0.25, lambda_, 0.3)
        return loss_of(oracle.tvnet(*frames, kernels, u0, constants, median=median, held=held))

    loss(*start)
    check_gradients(flow_and_gradients(layer)[1], loss, start)


PORTABLE = pytest.param({"mode": "portable"}, marks=pytest.mark.slow)


@pytest.mark.parametrize("options", [{}, PORTABLE, {"variant": "official"}], ids=str)
def test_the_flow_is_the_same_and_only_its_gradient_another(options):
    (flow, usual), (same, detached) = (flow_and_gradients(built(**options, detach_warps=on)) for on in (False, True))
    np.testing.assert_array_equal(flow, same)
    for one, other in zip(usual, detached, strict=True):
        assert np.linalg.norm(one - other) > 1e-3 * np.linalg.norm(one)


def test_a_learned_image_gradient_is_reached_all_the_same():
    layer = built(detach_warps=True)
    learned = TVNet(2, 3, 5, learn=(*LEARN, "image_gradient"), detach_warps=True)
    learned.build(CLIP.shape)
    learned.u0.assign(layer.u0)
    for one, other in zip(flow_and_gradients(layer)[1], flow_and_gradients(learned)[1], strict=True):
        assert np.linalg.norm(one - other) < 1e-4 * np.linalg.norm(one)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(learned(CLIP))
    assert np.abs(tape.gradient(loss, learned.image_gradient.value)).max() > 0


def test_a_layer_keeps_it_and_one_from_a_preset_takes_it():
    assert TVNet.from_config(TVNet(detach_warps=True).get_config()).detach_warps
    assert TVNet.from_preset("tvnet-5-3-10-generated", detach_warps=True).detach_warps
    layer = TVNet(1, 1, 2, u0_size=(1, 1), detach_warps=True)
    layer.build((None, 2, None, None, 3))
    # How a preset was learned does not bind what is learned from it.
    assert "detach_warps" not in layer.to_preset("any", {}).config
