"""The smoothness loss: exact on constants, ramps and edges; sizes of one; both normalisations."""

import numpy as np
import pytest
import tensorflow as tf

from tests import unsupervised_flow_oracle as by_the_letter
from tests.finite_differences import assert_gradient
from tvnet_keras.losses.smoothness import smoothness

RANDOM = np.random.default_rng(0)
NOTHING = 0.001**0.6
"""The penalty of a difference of zero."""


@pytest.mark.parametrize("vector", [(0, 0), (3, -2), (1e6, 1e6)])
def test_a_constant_flow_costs_the_least_that_there_is(vector):
    flow = np.broadcast_to(np.float32(vector), (2, 3, 12, 14, 2))
    np.testing.assert_allclose(smoothness(flow), 4 * NOTHING, rtol=1e-5)


def test_a_ramp_costs_its_slopes():
    y, x = np.mgrid[:9, :8].astype(float)
    flow = np.stack([2 * x - 3 * y, 0.5 * y], axis=-1)[None, None]
    expected = sum((slope**2 + 1e-6) ** 0.3 for slope in (2, 3, 0, 0.5))
    np.testing.assert_allclose(smoothness(flow), [expected], rtol=1e-12)


def test_an_edge_costs_where_it_stands_and_nothing_in_the_border():
    flow = np.zeros((1, 1, 20, 20, 2))
    flow[..., 10:, 0] = 5
    # Of 16 x 16 differences to the right, those of one column are not zero.
    edge = (25 + 1e-6) ** 0.3
    assert float(smoothness(flow)[0]) == pytest.approx(edge / 16 + 15 / 16 * NOTHING + 3 * NOTHING, rel=1e-9)
    flow[:] = 0
    flow[:, :, :2] = flow[:, :, 18:] = flow[:, :, :, :2] = flow[:, :, :, 18:] = 7
    inner = smoothness(flow)[0]
    flow[:, :, 0], flow[:, :, :, 19] = -50, 80
    assert smoothness(flow)[0] == inner


@pytest.mark.parametrize("size", [(7, 7), (14, 5), (3, 6), (2, 2), (1, 4), (4, 1), (1, 1)])
def test_equals_the_oracle_on_every_size(size):
    flow = RANDOM.normal(size=(2, 3, *size, 2))
    expected = [
        sum(total / max(count, 1) for total, count in by_the_letter.smooth_sums_and_counts(field)) for field in flow
    ]
    np.testing.assert_allclose(smoothness(flow), expected, rtol=1e-9)


def test_the_released_number_divides_by_the_frames_mask_of_the_batch():
    flow = RANDOM.normal(size=(4, 3, 14, 20, 2))
    total = sum(total for field in flow for total, _ in by_the_letter.smooth_sums_and_counts(field))
    # Three colours of three pairs of four clips, inside of borders of 1 and of 2 pixels; once more by the batch.
    expected = total / (3 * 3 * 4 * 12 * 16) / 4
    assert np.mean(smoothness(flow, "released")) == pytest.approx(expected, rel=1e-9)


def test_the_gradient_equals_finite_differences():
    for size in ((9, 11), (3, 2)):
        for normalisation in ("paper", "released"):
            assert_gradient(lambda x, n=normalisation: smoothness(x, n), RANDOM.normal(size=(2, 2, *size, 2)))


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (6, 1), (8, 8)])
def test_the_gradient_is_finite_without_flow_and_with_a_huge_one(size):
    for scale in (0, 1e6):
        flow = tf.constant(scale * RANDOM.normal(size=(1, 2, *size, 2)), "float32")
        with tf.GradientTape() as tape:
            tape.watch(flow)
            found = smoothness(flow)
        assert np.isfinite(found).all() and np.isfinite(tape.gradient(found, flow)).all()


def test_half_precision_is_computed_in_float32():
    flow = (500 * RANDOM.normal(size=(1, 1, 8, 8, 2))).astype("float16")
    np.testing.assert_array_equal(smoothness(flow), smoothness(flow.astype("float32")))


def test_a_wrong_normalisation_is_refused():
    with pytest.raises(ValueError, match="normalisation is 'mean'"):
        smoothness(np.zeros((1, 1, 8, 8, 2)), "mean")
