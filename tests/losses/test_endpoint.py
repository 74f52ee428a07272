"""End-point error: exact distances, a zero (not NaN) gradient where the flow is right, masks."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tvnet_keras import EndPointError
from tvnet_keras.losses.endpoint import end_point_error


def test_exact_distances():
    truth = np.float32([[0, 0], [1, -1], [0, 0]])
    flow = np.float32([[3, 4], [1, -1], [0, -2]])
    np.testing.assert_allclose(end_point_error(truth, tf.constant(flow)), [5, 0, 2])


def test_the_loss_is_the_mean_over_pixels():
    truth = np.zeros((1, 2, 2, 2), "float32")
    flow = truth.copy()
    flow[0, 0, 0] = [3, 4]
    assert float(EndPointError()(truth, flow)) == pytest.approx(5 / 4)


def test_the_gradient_is_the_unit_vector_and_zero_where_exact():
    truth = np.float32([[0, 0], [1, 1]])
    flow = tf.Variable(np.float32([[3, 4], [1, 1]]))
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(end_point_error(truth, flow))
    np.testing.assert_allclose(tape.gradient(total, flow), [[0.6, 0.8], [0, 0]], rtol=1e-6)


def test_masked_vectors_do_not_count():
    truth = np.zeros((1, 2, 2, 2), "float32")
    flow = np.full_like(truth, 1e3)
    flow[0, 0] = [3, 4]
    mask = np.float32([[[1, 1], [0, 0]]])
    assert float(EndPointError()(truth, flow, sample_weight=mask)) == pytest.approx(5)


def test_weights_of_whole_clips_weigh_every_vector():
    truth = np.zeros((2, 1, 2, 2, 2), "float32")
    flow = truth.copy()
    flow[0], flow[1] = [3, 4], [0, 1]
    assert float(EndPointError()(truth, flow, sample_weight=np.float32([1, 1]))) == pytest.approx(3)
    assert float(EndPointError()(truth, flow, sample_weight=np.float32([1, 3]))) == pytest.approx(2)


def test_masks_work_inside_compile():
    truth = np.zeros((2, 4, 5, 2), "float32")
    frames = np.ones((2, 4, 5, 1), "float32")
    mask = np.zeros((2, 4, 5), "float32")
    mask[:, 0] = 1
    frames[:, 1:] = 1e3
    model = keras.Sequential([keras.Input((4, 5, 1)), keras.layers.Conv2D(2, 1, kernel_initializer="ones")])
    model.compile("sgd", loss=EndPointError())
    assert model.evaluate(frames, truth, sample_weight=mask, verbose=0) == pytest.approx(2**0.5, rel=1e-5)


def test_a_flow_that_is_not_a_number_is_not_taken_for_an_exact_one():
    flow = np.zeros((1, 2, 2, 2), "float32")
    flow[0, 0, 0, 0] = np.nan
    error = keras.ops.convert_to_numpy(end_point_error(np.zeros_like(flow), flow))
    assert np.isnan(error[0, 0, 0]) and not error[0, 1].any()
