"""Our warp is tensorflow-addons' `dense_image_warp` with (v, u) for (u, v) and the opposite sign, borders included."""

import numpy as np
import pytest
import tensorflow as tf

from tests.legacy.cases import ELSEWHERE, IMAGES

tfa = pytest.importorskip("tensorflow_addons", reason=ELSEWHERE)


@pytest.fixture(params=IMAGES)
def case(ours, request):
    arrays = ours("warp")
    prefix = f"{request.param} "
    return {key.removeprefix(prefix): arrays[key] for key in arrays if key.startswith(prefix)}


def positions(flow):
    """Where every pixel is sampled, `[N, H, W, 2]` as (x, y)."""
    height, width = flow.shape[1:3]
    y, x = np.mgrid[:height, :width].astype("float32")
    return np.stack([x, y], axis=-1) + flow


def outside(flow):
    """Which positions lie beyond the centres of the border pixels."""
    limit = np.array(flow.shape[2:0:-1]) - 1
    at = positions(flow)
    return np.any((at < 0) | (at > limit), axis=-1)


def dense_image_warp(images, flow):
    # Theirs takes (row, column) and samples at x - flow.
    return tfa.image.dense_image_warp(images, -flow[..., ::-1])


def resampler(images, flow):
    height, width = flow.shape[1:3]
    y, x = tf.meshgrid(tf.range(float(height)), tf.range(float(width)), indexing="ij")
    return tfa.image.resampler(images, tf.stack([x, y], axis=-1) + flow)


def gradients(function, case, mask=1.0):
    arguments = [tf.constant(case[name]) for name in ("images", "flow")]
    with tf.GradientTape() as tape:
        tape.watch(arguments)
        total = tf.reduce_sum(case["weights"] * mask * function(*arguments))
    return tape.gradient(total, arguments)


def test_equals_dense_image_warp_inside_and_outside_the_image(case):
    assert outside(case["flow"]).any()
    np.testing.assert_allclose(case["warped"], dense_image_warp(case["images"], case["flow"]), atol=1e-5)


def test_gradients_equal_those_of_dense_image_warp(case):
    images, flow = gradients(dense_image_warp, case)
    np.testing.assert_allclose(case["images_gradient"], images, atol=1e-5)
    np.testing.assert_allclose(case["flow_gradient"], flow, atol=1e-5)


def test_equals_resampler_inside_the_image_and_not_outside(case):
    away, theirs = outside(case["flow"]), resampler(case["images"], case["flow"]).numpy()
    np.testing.assert_allclose(case["warped"][~away], theirs[~away], atol=1e-5)
    # Theirs fades to zero within a pixel of the border; ours repeats the border.
    assert np.abs(case["warped"][away] - theirs[away]).max() > 0.1


def test_gradient_in_the_flow_equals_that_of_resampler_inside_the_image(case):
    inside = ~outside(case["flow"])
    _, flow = gradients(resampler, case, mask=inside[..., None].astype("float32"))
    np.testing.assert_allclose(case["flow_gradient"][inside], flow.numpy()[inside], atol=1e-5)


def test_the_sign_and_the_order_of_the_channels_matter(case):
    for wrong in (-case["flow"], case["flow"][..., ::-1]):
        assert np.abs(case["warped"] - dense_image_warp(case["images"], wrong)).max() > 0.1
