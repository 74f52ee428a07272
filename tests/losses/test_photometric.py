"""The photometric loss: least for the flow that moves the texture, blind to borders and to what lies outside."""

import numpy as np
import pytest
import tensorflow as tf

from tests import unsupervised_flow_oracle as by_the_letter
from tests.finite_differences import assert_gradient
from tests.textures import moving_clip
from tvnet_keras.losses.photometric import photometric_error, reconstruct

RANDOM = np.random.default_rng(0)
NOTHING = 0.001**0.8
"""The penalty of a difference of zero."""


def error(frames, flow, normalisation="paper"):
    return np.asarray(photometric_error(*reconstruct(frames, flow), normalisation))


def constant_flow(frames, u, v):
    batch, steps, height, width, _ = frames.shape
    return np.broadcast_to(np.asarray([u, v], frames.dtype), (batch, steps - 1, height, width, 2)).copy()


def test_still_frames_and_no_flow_cost_the_least_that_there_is():
    frames = np.repeat(RANDOM.random((2, 1, 9, 11, 3)).astype("float32"), 3, axis=1)
    np.testing.assert_allclose(error(frames, constant_flow(frames, 0, 0)), NOTHING, rtol=1e-5)


@pytest.mark.parametrize("velocity", [(2, 0), (0, -3), (-1, 2)])
def test_a_translation_by_whole_pixels_is_exact(velocity):
    frames = moving_clip(4, 30, 34, velocity)
    assert error(frames, constant_flow(frames, *velocity)) == pytest.approx(NOTHING, rel=0.05)
    assert error(frames, constant_flow(frames, 0, 0)) > 100 * NOTHING


def test_a_translation_by_fractions_costs_far_less_than_none_and_its_opposite_more():
    frames = moving_clip(3, 30, 34, (0.7, -0.4))
    true, none, opposite = (error(frames, constant_flow(frames, s * 0.7, s * -0.4))[0] for s in (1, 0, -1))
    assert true < 0.2 * none < none < opposite


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (2, 9), (7, 7), (13, 5), (20, 24)])
def test_equals_the_oracle_on_every_size(size):
    frames = RANDOM.normal(0, 0.3, (2, 3, *size, 3))
    flow = RANDOM.normal(0, 2, (2, 2, *size, 2))
    pairs = [by_the_letter.pixel_sum_and_count(*pair) for pair in zip(frames, flow, strict=True)]
    np.testing.assert_allclose(error(frames, flow), [total / max(count, 1) for total, count in pairs], rtol=1e-9)
    together = max(sum(count for _, count in pairs), 1)
    np.testing.assert_allclose(error(frames, flow, "released"), [total / together for total, _ in pairs], rtol=1e-9)


def test_neither_the_border_nor_what_lies_outside_counts():
    frames = moving_clip(2, 20, 20, (1, 0)).astype(float)
    flow = constant_flow(frames, 1, 0)
    expected = error(frames, flow)
    spoilt = frames.copy()
    spoilt[:, 0, :2], spoilt[:, 0, :, 18:] = 9, 9
    np.testing.assert_array_equal(error(spoilt, flow), expected)
    # Four columns of the inside would come from outside; what is in their place of the first frame does not matter.
    flow = constant_flow(frames, 6, 0)
    expected, spoilt = error(frames, flow), frames.copy()
    spoilt[:, 0, :, 14:] = 9
    np.testing.assert_array_equal(error(spoilt, flow), expected)
    spoilt[:, 0, :, 13] = 9
    assert error(spoilt, flow) > expected


@pytest.mark.parametrize("normalisation", ["paper", "released"])
@pytest.mark.parametrize("value", [1e6, -1e6, 1e20])
def test_a_flow_that_leaves_the_frame_costs_nothing_and_has_no_gradient(value, normalisation):
    frames, flow = RANDOM.random((2, 2, 8, 8, 3)).astype("float32"), np.zeros((2, 1, 8, 8, 2), "float32")
    flow[0] = value
    flow = tf.constant(flow)
    with tf.GradientTape() as tape:
        tape.watch(flow)
        found = photometric_error(*reconstruct(frames, flow), normalisation)
    gradient = tape.gradient(found, flow).numpy()
    assert float(found[0]) == 0 and float(found[1]) > 0
    assert np.isfinite(gradient).all() and not gradient[0].any() and gradient[1].any()


def test_a_flow_that_is_not_a_number_is_not_taken_for_one_that_leaves_the_frame():
    frames, flow = np.zeros((1, 2, 8, 8, 3), "float32"), np.zeros((1, 1, 8, 8, 2), "float32")
    flow[0, 0, 4, 4] = np.nan
    assert np.isnan(error(frames, flow)[0])


@pytest.mark.parametrize("argument", ["frames", "flow"])
@pytest.mark.parametrize("normalisation", ["paper", "released"])
def test_the_gradient_equals_finite_differences(argument, normalisation):
    # Vectors well inside of a pixel, some of which leave the frame.
    frames = RANDOM.normal(size=(2, 3, 11, 12, 2))
    flow = RANDOM.integers(-3, 3, (2, 2, 11, 12, 2)) + RANDOM.uniform(0.2, 0.8, (2, 2, 11, 12, 2))
    if argument == "frames":
        assert_gradient(lambda x: photometric_error(*reconstruct(x, flow), normalisation), frames)
    else:
        assert_gradient(lambda x: photometric_error(*reconstruct(frames, x), normalisation), flow)


def test_half_precision_is_computed_in_float32():
    frames, flow = moving_clip(2, 9, 9, (1, 0)).astype("float16"), np.full((1, 1, 9, 9, 2), 0.25, "float16")
    found = error(frames, flow)
    assert found.dtype == "float32"
    np.testing.assert_array_equal(found, error(frames.astype("float32"), flow.astype("float32")))


def test_frames_and_flow_of_another_size_are_refused():
    with pytest.raises(ValueError, match="height and width"):
        reconstruct(np.zeros((1, 2, 8, 8, 3)), np.zeros((1, 1, 4, 4, 2)))
