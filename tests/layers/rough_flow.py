"""TVNets with a rough initial flow, and the gradients of a loss of their flow, for tests of the layer's options."""

import numpy as np
import pytest
import tensorflow as tf

from tests.textures import moving_clip
from tvnet_keras import TVNet

CLIP = moving_clip(2, 24, 31, (0.8, -0.5))
LEARN = ("u0", "kernels", "lambda")


def built(size, seed, **arguments):
    """A TVNet whose u0 is rough and fractional: there is much to filter, and no sample lies on the kink at a pixel."""
    layer = TVNet(*size, learn=LEARN, **arguments)
    layer.build(CLIP.shape)
    layer.u0.assign(np.random.default_rng(seed).normal(0, 0.3, layer.u0.shape))
    return layer


def weights_of(layer):
    """The learned weights, in the order of `LEARN`."""
    return layer.u0, layer.kernels, layer.scalars[1]


def loss_of(flow):
    return (flow**2).mean() + flow.mean()


def flow_and_gradients(layer):
    """The flow `[H, W, 2]` of the clip, and the gradients of its loss."""
    with tf.GradientTape() as tape:
        flow = layer(CLIP)
        loss = tf.reduce_mean(flow**2) + tf.reduce_mean(flow)
    gradients = tape.gradient(loss, [weight.value for weight in weights_of(layer)])
    return flow.numpy()[0, 0], [bar.numpy() for bar in gradients]


def check_gradients(gradients, loss, start):
    """Holds every gradient against a finite difference of `loss` along it, from the arguments `start` on."""
    for number, gradient in enumerate(gradients):
        direction, step, losses = gradient.astype(float) / np.linalg.norm(gradient), 1e-6, []
        for sign in (1, -1):
            moved = [*start[:number], start[number] + sign * step * direction, *start[number + 1 :]]
            losses.append(loss(*moved))
        assert np.linalg.norm(gradient) == pytest.approx((losses[0] - losses[1]) / (2 * step), rel=1e-4)
