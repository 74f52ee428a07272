"""End-point error: exact distances, a zero (not NaN) gradient where the flow is right, masks."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.examples import LossExample
from tvnet_keras import EndPointError
from tvnet_keras.flow.measure import EndPointErrors
from tvnet_keras.losses.endpoint import end_point_error, mean_end_point_error, robust_end_point_error

FLOW = np.full((1, 2, 9, 11, 2), 0.5, "float32")
EXAMPLE = LossExample(lambda: EndPointError(name="epe"), target=FLOW, perfect=FLOW)


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


def loss(truth, flow, known):
    return EndPointError()(truth, flow, sample_weight=known)


def objective(truth, flow, known):
    return mean_end_point_error(truth, flow, known)[0]


@pytest.mark.parametrize("error", [loss, objective])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e20, 1e10])
@pytest.mark.parametrize("where", ["truth", "flow"])
def test_a_vector_that_is_not_known_may_be_anything(error, value, where):
    fields = {"truth": np.zeros((1, 2, 3, 4, 2), "float32"), "flow": np.ones((1, 2, 3, 4, 2), "float32")}
    known = np.ones((1, 2, 3, 4), "float32")
    fields[where][0, 1, 2, 3, 0], known[0, 1, 2, 3] = value, 0
    flow = tf.constant(fields["flow"])
    with tf.GradientTape() as tape:
        tape.watch(flow)
        found = error(fields["truth"], flow, known)
    gradient = tape.gradient(found, flow).numpy()
    assert float(found) == pytest.approx(2**0.5, rel=1e-6)
    assert not gradient[0, 1, 2, 3].any()
    np.testing.assert_allclose(gradient[known == 1], 0.5**0.5 / 23, rtol=1e-5)
    measured = EndPointErrors()
    measured.add(fields["flow"], fields["truth"], known)
    assert measured.numbers()["epe"] == pytest.approx(2**0.5)


@pytest.mark.parametrize("shape", [(1, 2, 3, 4, 1), (1, 2, 3, 5), (2, 2, 3, 4)])
def test_a_mask_of_another_shape_is_refused_in_a_sentence(shape):
    flow = np.zeros((1, 2, 3, 4, 2), "float32")
    for error in (loss, objective, robust_end_point_error):
        with pytest.raises(ValueError, match="takes one weight per vector.*Received: weights"):
            error(flow, tf.constant(flow), np.ones(shape, "float32"))


def test_the_robust_error_is_a_power_of_the_distance_and_a_far_vector_counts_little_more_than_a_near_one():
    truth, known = np.zeros((2, 1, 2, 2, 2), "float32"), np.ones((2, 1, 2, 2), "float32")
    flow = truth.copy()
    flow[0, 0, 0] = [3, 4]
    flow[1, 0, 0, 0], known[1, 0, 0, 0] = np.nan, 0
    near, far, exact = 5.01**0.4, 500.01**0.4, 0.01**0.4
    np.testing.assert_allclose(robust_end_point_error(truth, flow, known), [(near + exact) / 2, exact], rtol=1e-6)
    np.testing.assert_allclose(robust_end_point_error(truth, 100 * flow, known)[0], (far + exact) / 2, rtol=1e-6)
    assert far / near < 7


def test_the_gradient_of_the_robust_error_is_finite_where_the_flow_is_exact():
    flow = tf.zeros((1, 1, 2, 2, 2))
    with tf.GradientTape() as tape:
        tape.watch(flow)
        found = robust_end_point_error(np.zeros((1, 1, 2, 2, 2)), flow, np.ones((1, 1, 2, 2)))
    assert not tape.gradient(found, flow).numpy().any()
