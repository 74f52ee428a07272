"""Multi-resolution end-point error: exact answers in the pixels of every level, masks, and areas that do not divide."""

import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from tvnet_keras.losses.endpoint import mean_end_point_error
from tvnet_keras.losses.multiscale import multiscale_end_point_error, shrink_truth


def numpy_mean_of_areas(truth, known, height, width):
    """Means of known vectors over areas by adding up a fine grid of samples: nothing is shared with the code."""
    rows, columns = known.shape
    fine = np.repeat(np.repeat(np.where(known[..., None], truth, 0), height, 0), width, 1)
    mask = np.repeat(np.repeat(known, height, 0), width, 1)
    blocks = fine.reshape(height, rows, width, columns, 2).sum((1, 3))
    share = mask.reshape(height, rows, width, columns).sum((1, 3))
    mean = blocks / np.maximum(share, 1)[..., None] * [width / columns, height / rows]
    return mean, share / (rows * columns)


@pytest.mark.parametrize("size", [(7, 11), (3, 4), (1, 1), (5, 2)])
def test_the_truth_of_a_level_is_the_mean_of_what_is_known_in_every_area(size):
    random = np.random.default_rng(0)
    truth, known = random.normal(size=(7, 11, 2)).astype("float32"), random.random((7, 11)) > 0.4
    found, share = shrink_truth(
        ops.convert_to_tensor(np.where(known[..., None], truth, 0)[None, None]),
        ops.convert_to_tensor(known.astype("float32")[None, None]),
        *size,
    )
    expected, part = numpy_mean_of_areas(truth, known, *size)
    np.testing.assert_allclose(share[0, 0], part, atol=1e-6)
    np.testing.assert_allclose(found[0, 0], expected, atol=1e-5)


def levels(truth, sides, scale=1.0):
    """Flows that are the truth shrunk to every size, times a factor."""
    known = np.ones(truth.shape[:-1], "float32")
    return [scale * shrink_truth(truth, known, side, side)[0] for side in sides]


def test_a_constant_error_is_the_same_at_every_level_once_it_is_in_the_pixels_of_the_frames():
    truth = np.broadcast_to(np.float32([3, 4]), (1, 1, 16, 16, 2))
    known = np.ones((1, 1, 16, 16), "float32")
    for side in (16, 8, 4, 3, 1):
        still = [np.zeros((1, 1, side, side, 2), "float32")]
        error = multiscale_end_point_error(truth, still, known, (1.0,))
        assert float(error[0]) * 16 / side == pytest.approx(5, rel=1e-5)


def test_at_the_size_of_the_truth_it_is_the_mean_end_point_error():
    random = np.random.default_rng(1)
    truth, flow = random.normal(size=(2, 3, 2, 5, 6, 2)).astype("float32")[:2]
    known = (random.random((3, 2, 5, 6)) > 0.3).astype("float32")
    known[1] = 0
    found = multiscale_end_point_error(truth, [flow], known, (1.0,))
    np.testing.assert_allclose(found, mean_end_point_error(truth, flow, known), rtol=1e-5)
    assert float(found[1]) == 0


def test_exact_flows_cost_nothing_and_weights_weigh_their_levels():
    truth = np.random.default_rng(2).normal(size=(2, 1, 12, 12, 2)).astype("float32")
    known = np.ones((2, 1, 12, 12), "float32")
    sides = (6, 3, 2)
    np.testing.assert_allclose(
        multiscale_end_point_error(truth, levels(truth, sides), known, (1.0, 2.0, 4.0)), 0, atol=1e-5
    )
    alone = [multiscale_end_point_error(truth, levels(truth, (side,), 0.0), known, (1.0,)) for side in sides]
    together = multiscale_end_point_error(truth, levels(truth, sides, 0.0), known, (1.0, 2.0, 4.0))
    np.testing.assert_allclose(together, alone[0] + 2 * alone[1] + 4 * alone[2], rtol=1e-5)


@pytest.mark.parametrize("wrong", [1e10, np.nan, np.inf])
def test_unknown_vectors_reach_neither_the_error_nor_its_gradient(wrong):
    random = np.random.default_rng(3)
    truth, known = random.normal(size=(1, 1, 8, 8, 2)).astype("float32"), np.ones((1, 1, 8, 8), "float32")
    known[:, :, :3, :5] = 0
    hidden = np.where(known[..., None] == 0, np.float32(wrong), truth)
    flows = [tf.Variable(random.normal(size=(1, 1, side, side, 2)).astype("float32")) for side in (4, 2)]
    results = []
    for seen in (truth, hidden):
        with tf.GradientTape() as tape:
            error = multiscale_end_point_error(seen, flows, known, (1.0, 1.0))
        results.append([error, *tape.gradient(error, flows)])
    for one, other in zip(*results, strict=True):
        assert np.isfinite(one).all()
        np.testing.assert_array_equal(one, other)
    # Nothing is known below the corner pixel, so that its flow is free.
    np.testing.assert_array_equal(results[0][1][0, 0, 0, 0], [0, 0])


def test_every_level_has_a_weight():
    with pytest.raises(ValueError, match="1 flows, weights=.1.0, 2.0.$"):
        zero = np.zeros((1, 1, 2, 2, 2), "float32")
        multiscale_end_point_error(zero, [zero], np.ones((1, 1, 2, 2)), (1.0, 2.0))
